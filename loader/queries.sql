-- attachment --
-- The attachment of a table, by the table's name as SQL spells it.
SELECT a.attachment_id, churn_internal.table_name(a.profile) AS profile, a.profile_key,
       churn_internal.equals_key(a) AS equals_key,
       format_type(k.atttypid, k.atttypmod) AS key_type
FROM churn_internal.attachment_of(%(table)s::regclass) a
JOIN pg_catalog.pg_attribute k ON k.attrelid = a.profile AND k.attname = a.profile_key;

-- profile_columns --
-- The profile's columns, and how each can be a feature.
SELECT c.attname AS name, churn_internal.column_kind(c.atttypid) AS kind,
       format_type(c.atttypid, c.atttypmod) AS type,
       c.atttypid IN ('text'::regtype, 'varchar'::regtype) AND c.atttypmod < 0 AS is_unbounded
FROM churn.attachments a
JOIN pg_catalog.pg_attribute c ON c.attrelid = a.profile
WHERE a.attachment_id = %(attachment_id)s AND c.attnum > 0 AND NOT c.attisdropped
ORDER BY c.attnum;

-- columns_changed_by_writing --
-- The columns that no model should read, because each score changes them.
SELECT churn_internal.columns_changed_by_writing(%(profile)s::regclass);

-- server_environment --
-- Interpreter, package versions and memory of the session.
SELECT churn.server_environment();

-- warm --
-- Loads the active models into the session; returns how many there are.
SELECT churn.warm();

-- clock --
-- What time it is on the server.
SELECT clock_timestamp();

-- hand_over --
-- Keeps in the session, until the transaction ends, what the next statement needs: the server
-- logs the whole text of a statement that fails, and that is not to hold a model.
SELECT length(set_config('pgchurn.artifact', %(artifact)s, true)),
       length(set_config('pgchurn.replay_keys', (%(replay_keys)s::text[])::text, true)),
       length(set_config('pgchurn.training_sample', coalesce(%(training_sample)s, ''), true));

-- register_model --
SELECT churn.register_model(
    %(profile)s::regclass, decode(current_setting('pgchurn.artifact'), 'base64'),
    %(signature)s, %(metrics)s, %(environment)s, %(provenance)s,
    current_setting('pgchurn.replay_keys')::text[], %(replay_probabilities)s::float8[],
    %(compile)s, %(allow_pickle)s, %(attestation)s, %(attestation_signature)s,
    %(attestation_key)s, %(allow_older)s,
    nullif(current_setting('pgchurn.training_sample'), '')::jsonb
);

-- compilation --
-- Whether a version has a compiled form, or why not.
SELECT m.parity, m.compilation FROM churn.models m WHERE m.version = %(version)s;

-- features_changed_by_writing --
-- The features of a version that change with each score.
SELECT churn_internal.features_changed_by_writing(%(version)s);

-- activate_model --
SELECT churn.activate_model(
    %(version)s, allow_older => %(allow_older)s, allow_expired => %(allow_expired)s
);

-- rollback_model --
SELECT churn.rollback_model(%(table)s::regclass);

-- start_release --
SELECT churn.release(
    %(table)s::regclass, %(version)s, steps => string_to_array(%(steps)s, ',')::float8[],
    hold => %(hold)s::interval, min_customers => %(min_customers)s,
    on_guardrail => %(on_guardrail)s, limits => %(limits)s::jsonb
);

-- hold_release --
SELECT churn.hold_release(%(table)s::regclass, %(held)s, %(reason)s);

-- cancel_release --
SELECT churn.cancel_release(%(table)s::regclass, %(reason)s);

-- status_releases --
SELECT r.release_id, r.profile::text AS profile, r.champion, r.challenger, r.state,
       r.share, r.since, r.champion_customers, r.challenger_customers, r.missing, r.reason
FROM churn.releases r ORDER BY r.release_id DESC;

-- advance_releases --
SELECT a.release_id, a.challenger, a.share, a.result, a.detail
FROM churn.advance_releases() a;

-- open_retraining_requests --
-- Of those tables, or of all.
SELECT o.request_id, churn_internal.table_name(o.requested_for) AS profile, o.reason
FROM (
    SELECT DISTINCT t.name
    FROM unnest(coalesce(%(tables)s::text[], ARRAY[NULL])) t (name)
) t
CROSS JOIN LATERAL churn.open_retraining_requests(t.name::oid::regclass) o
ORDER BY o.request_id;

-- keep_holding --
-- However long the model takes: where a setting ends idle transactions, not this one.
SELECT set_config(s.name, '0', true)
FROM pg_settings s
WHERE s.name IN ('idle_in_transaction_session_timeout', 'transaction_timeout');

-- hold_retraining --
SELECT churn_internal.hold_retraining(
    %(tables)s::text[]::oid[]::regclass[], %(besides)s::bigint[]
);

-- begin_retraining --
SELECT b.attempt, b.profile, b.label, b.training_window::text AS training_window,
       b.known_until, b.version, b.waiting, b.must_be_signed
FROM churn_internal.begin_retraining(%(request_id)s) b;

-- retraining_spans --
SELECT s.champion, s.champion_trained_until, s.horizon::text AS horizon_text, s.first_scored,
       s.trained_since::text AS trained_since, s.trained_before, s.trained_until,
       s.compared_since, s.compared_before
FROM churn_internal.retraining_cohorts(
    %(profile)s::regclass, %(known_until)s, %(training_window)s::interval, %(challenger)s
) s;

-- retraining_rows --
-- Those to train on: of each customer the last score. In one order, so that the same seed
-- splits the same rows alike.
SELECT m.features::text, m.outcome, m.acted_upon
FROM churn.matured(
    %(profile)s::regclass, NULL, %(since)s::timestamptz, %(before)s::timestamptz
) m
ORDER BY m.predicted_at, m.key;

-- compared_rows --
-- Those to compare on, as churn.compare takes them: of each customer the first score.
SELECT m.features::text, m.outcome, m.acted_upon
FROM churn.matured(
    %(profile)s::regclass, NULL, %(since)s::timestamptz, %(before)s::timestamptz, true
) m;

-- count_compared --
SELECT count(*)
FROM churn.matured(
    %(profile)s::regclass, NULL, %(since)s::timestamptz, %(before)s::timestamptz, true
) m;

-- compare_retrained --
SELECT *
FROM churn.compare(
    %(profile)s::regclass, %(champion)s, %(challenger)s, %(since)s::timestamptz,
    %(before)s::timestamptz, expected => %(expected)s
);

-- note_retrained --
SELECT churn_internal.note_retrained(%(request_id)s, %(attempt)s, %(version)s);

-- postpone_retraining --
SELECT churn_internal.postpone_retraining(%(request_id)s, %(attempt)s, %(waiting)s);

-- finish_retraining --
SELECT churn_internal.finish_retraining(
    %(request_id)s, %(attempt)s, %(decision)s, %(reason)s, %(evidence)s::jsonb, %(champion)s,
    string_to_array(%(steps)s, ',')::float8[], %(hold)s::interval, %(min_customers)s
);

-- newest_signed_version --
-- Of the models of a name that were attested, the newest by their own numbers.
SELECT max((m.attestation::jsonb ->> 'version')::bigint)
FROM churn.models m
WHERE m.attestation::jsonb ->> 'name' = %(model_name)s;

-- start_experiment --
SELECT churn.start_experiment(
    %(table)s::regclass, %(version)s, %(share)s, %(horizon)s::interval,
    effect => %(effect)s, longest => %(longest)s::interval, expected => %(expected)s
);

-- planned_experiment --
-- How many customers it is planned for, and how many days.
SELECT e.expected, e.days FROM churn.experiments e WHERE e.experiment_id = %(experiment)s;

-- stop_experiment --
SELECT churn.stop_experiment(%(table)s::regclass, %(reason)s);

-- status_experiments --
SELECT e.experiment_id, e.profile::text AS profile, e.champion, e.challenger, e.state,
       e.share, e.champion_customers, e.challenger_customers, e.ratio_mismatch,
       e.champion_known, e.challenger_known, e.champion_left, e.challenger_left,
       e.difference, e.lower, e.upper, e.verdict, e.missing, e.reason
FROM churn.experiments e ORDER BY e.experiment_id DESC;

-- simulate_experiments --
SELECT s.customers, s.days, s.expected, s.false_winners, s.ratio_alarms, s.power,
       s.median_days
FROM churn.simulate_experiment(
    %(table)s::regclass, %(share)s, %(horizon)s::interval, %(effect)s, %(salts)s
) s;

-- delete_model --
-- Whether its row is gone, too.
SELECT churn.delete_model(%(version)s);

-- models --
-- Every version; of those that are active, since when; of those that are attested, as what.
SELECT m.version, coalesce(a.profile_name, a.profile::text) AS profile,
       coalesce(m.provenance ->> 'algorithm', m.provenance ->> 'estimator') AS algorithm,
       round((m.metrics ->> 'roc_auc')::numeric, 4)::float8 AS roc_auc,
       m.compiled_sha256 IS NOT NULL AS compiled, d.deployed_at AS active_since,
       m.registered_at, m.registered_by, m.deleted_at,
       m.attestation::jsonb ->> 'name' || ' ' || (m.attestation::jsonb ->> 'version')
           AS signed_as,
       left(m.attestation_key, 16) AS signed_by,
       m.attestation::jsonb ->> 'expires' AS expires
FROM churn.models m
JOIN churn.attachments a ON a.attachment_id = m.attachment_id
LEFT JOIN churn.active_deployments d ON d.version = m.version
ORDER BY m.version;

-- model --
-- All there is to say about one version.
SELECT m.version, coalesce(a.profile_name, a.profile::text) AS profile,
       d.deployed_at AS active_since,
       m.registered_at, m.registered_by, encode(m.artifact_sha256, 'hex') AS sha256,
       m.compilation, m.parity,
       m.attestation::jsonb ->> 'name' AS signed_as,
       (m.attestation::jsonb ->> 'version')::bigint AS signed_version,
       m.attestation_key AS signed_by, m.attestation::jsonb ->> 'expires' AS expires,
       a.detached_at, m.deleted_at, m.deleted_by,
       -- Up to 500 scores, of which pgchurn report draws curves.
       CASE WHEN jsonb_typeof(m.provenance) = 'object'
            THEN m.provenance - 'held_out' ELSE m.provenance END AS provenance,
       m.metrics, m.environment, m.signature
FROM churn.models m
JOIN churn.attachments a ON a.attachment_id = m.attachment_id
LEFT JOIN churn.active_deployments d ON d.version = m.version
WHERE m.version = %(version)s;

-- report_held_out --
-- What the training of a version has recorded of the rows that it held out, if anything.
SELECT m.provenance -> 'held_out' FROM churn.models m WHERE m.version = %(version)s;

-- report_estimates --
-- What was to be expected of a version's scores, and what was realised, in its last windows.
SELECT p."time", p.metric, p.estimated, p.realised, p.lower, p.upper, p.n, p.verdict, p.detail
FROM churn.performance p
WHERE p.version = %(version)s AND p.customers = 'not acted upon'
  AND p.metric IN ('roc_auc', 'log_loss') AND p."time" >= (
    SELECT min(w."time") FROM (
        SELECT DISTINCT l."time" FROM churn.performance l WHERE l.version = %(version)s
        ORDER BY l."time" DESC LIMIT %(windows)s
    ) w
)
ORDER BY p."time", p.since;

-- report_drift --
-- How far inputs and scores of a version were from its reference, where that could be judged.
SELECT d."time", d.feature, d.value, d."limit", d.verdict
FROM (
    SELECT f."time", f.version, f.feature, f.value, f."limit", f.verdict FROM churn.drift f
    UNION ALL
    SELECT s."time", s.version, NULL, s.value, s."limit", s.verdict
    FROM churn.score_drift s WHERE s.metric = 'score_psi'
) d
WHERE d.version = %(version)s AND d.verdict IN ('ok', 'finding') AND d.value IS NOT NULL
  AND d."limit" IS NOT NULL AND d."time" >= (
    SELECT min(w."time") FROM (
        SELECT DISTINCT l."time" FROM churn.score_drift l WHERE l.version = %(version)s
        ORDER BY l."time" DESC LIMIT %(windows)s
    ) w
)
ORDER BY d."time", d.value DESC, d.feature;

-- report_cohorts --
-- How many left of those whom a version has scored, by score and all in all.
SELECT c."time", c.bin, c.score, c.left_share AS "left", c.lower, c.upper, c.n, c.verdict
FROM churn.calibration c
WHERE c.version = %(version)s AND c.customers = 'not acted upon' AND c.score IS NOT NULL
  AND c.lower IS NOT NULL AND c."time" >= (
    SELECT min(w."time") FROM (
        SELECT DISTINCT l."time" FROM churn.calibration l WHERE l.version = %(version)s
        ORDER BY l."time" DESC LIMIT %(windows)s
    ) w
)
ORDER BY c."time", c.bin NULLS FIRST;

-- report_columns --
-- The columns of the attached table that a version is for, which of them who asks may read,
-- and which are texts of any length; none where it is not attached any more.
SELECT churn_internal.table_name(a.profile) AS profile, a.profile_key, c.attname AS name,
       has_column_privilege(a.profile, c.attnum, 'SELECT') AS is_readable,
       c.atttypid IN ('text'::regtype, 'varchar'::regtype) AND c.atttypmod < 0 AS is_unbounded
FROM churn.models m
JOIN churn.attachments a ON a.attachment_id = m.attachment_id
JOIN pg_catalog.pg_attribute c ON c.attrelid = a.profile
WHERE m.version = %(version)s AND a.detached_at IS NULL
  AND c.attnum > 0 AND NOT c.attisdropped
ORDER BY c.attnum;

-- report_decisions --
-- When a version became the one that scores its table, by what and by whom, and when another
-- one did in its place: the newest first.
SELECT d.action, d.version, d.former_version, d.deployed_by, d.deployed_at
FROM (
    SELECT d.deployment_id, d.action, d.version, d.deployed_by, d.deployed_at,
           lag(d.version) OVER (ORDER BY d.deployment_id) AS former_version
    FROM churn.deployments d
    WHERE d.attachment_id = (
        SELECT m.attachment_id FROM churn.models m WHERE m.version = %(version)s
    )
) d
WHERE %(version)s IN (d.version, d.former_version)
ORDER BY d.deployment_id DESC;

-- global_explain --
SELECT g.feature, g.contribution, g.importance, g.typical
FROM churn.global_explain(%(version)s) g;

-- explain_base --
SELECT b.base, b.probability FROM churn.explain_base(%(version)s) b;

-- active_version --
SELECT d.version FROM churn.active_deployments d
WHERE d.attachment_id = %(attachment_id)s;

-- verify --
SELECT * FROM churn.verify(%(table)s::regclass);

-- recalibrated_model --
-- What recalibrating a version takes, and whether who asks may read its pickle.
SELECT m.version, churn_internal.table_name(a.profile) AS profile, m.artifact_sha256,
       m.signature, m.metrics, m.deleted_at IS NOT NULL AS is_deleted,
       a.detached_at IS NOT NULL AS is_detached,
       coalesce(m.provenance -> 'algorithm', m.provenance -> 'estimator') AS algorithm,
       m.provenance -> 'label' AS label,
       has_column_privilege('churn.models'::regclass, 'artifact', 'SELECT') AS is_readable
FROM churn.models m
JOIN churn.attachments a ON a.attachment_id = m.attachment_id
WHERE m.version = %(version)s;

-- artifact --
-- The pickle of a version, which few may read.
SELECT m.artifact FROM churn.models m WHERE m.version = %(version)s;

-- mature_window --
-- A window of predictions that are mature, and until when what became of them was known: by
-- default as long before as the horizon is.
SELECT coalesce(%(since)s::timestamptz, u.until - a.horizon) AS since, u.until,
       u.until + a.horizon AS known_until
FROM churn_internal.attachment_of(%(profile)s::regclass) a
CROSS JOIN LATERAL (
    SELECT coalesce(%(until)s::timestamptz, now() - a.horizon) AS until
) u;

-- mature_cohort --
-- What became of customers who were scored by a version, and the features of some of them.
SELECT m.score, m.outcome, m.acted_upon,
       CASE WHEN row_number() OVER (ORDER BY md5(m.key), m.key) <= %(sampled)s
            THEN m.features END AS features
FROM churn.matured(
    %(profile)s::regclass, %(version)s, %(since)s::timestamptz, %(until)s::timestamptz
) m;

-- begin_learning --
-- What learning goes on from, and what was typical of the base version's rows; no row: somebody
-- else is at it.
SELECT b.*, b.batch AS position
FROM churn_internal.begin_learning(%(table)s::regclass, %(waits)s) b;

-- learnable_rows --
-- What a stream learns after a place.
SELECT r.predicted_at, r.digest, r.features, r.outcome, r.acted_upon
FROM churn_internal.learnable_rows(
    %(stream)s, %(read_until)s::timestamptz, %(read_digest)s, %(until)s::timestamptz,
    %(known_until)s
) r;

-- record_batch --
SELECT churn_internal.record_batch(
    %(stream)s, %(position)s, %(reason)s, %(since)s, %(until)s, %(last_digest)s,
    %(known_until)s, %(n)s, %(churned)s, %(left_out)s, %(log_loss)s, %(mean_score)s,
    %(mean_shift)s, %(step)s, %(rows_sha256)s, %(state_sha256)s, %(state)s
);

-- record_snapshot --
SELECT churn_internal.record_snapshot(%(stream)s, %(position)s, %(version)s);

-- learned_batches --
-- What became of the batches of a stream, in order.
SELECT b.*, b.batch AS position FROM churn_internal.read_batches(%(stream)s) b;

-- unneeded_snapshots --
SELECT version FROM churn_internal.unneeded_snapshots(%(table)s::regclass) AS s (version);

-- unreleased_snapshot --
-- The newest version that was learned, unless it was released or activated before, or deleted;
-- and whether a release is under way.
SELECT l.version,
       EXISTS (
           SELECT FROM churn.releases r
           WHERE r.profile = l.profile AND r.ended_at IS NULL
       ) AS is_busy
FROM churn.learning l
JOIN churn.models m ON m.version = l.version AND m.deleted_at IS NULL
WHERE l.stream_id = %(stream)s
  AND NOT EXISTS (
    SELECT FROM churn.deployments d WHERE l.version IN (d.version, d.challenger)
);

-- release_snapshot --
SELECT churn.release(%(table)s::regclass, %(version)s);

-- profile_of_version --
-- The attached table that a version scores.
SELECT churn_internal.table_name(a.profile)
FROM churn.models m
JOIN churn.attachments a ON a.attachment_id = m.attachment_id
WHERE m.version = %(version)s;

-- begin_rescoring --
-- Begin or resume the run that the workers take part in.
SELECT churn_internal.begin_rescoring(%(table)s::regclass, %(restart)s);

-- own_session --
-- Whether the server's session is the connection's own, and not lent by a pooler.
SELECT pg_backend_pid() = %(backend_pid)s;

-- rescoring_session --
-- A worker's one statement takes as long as it takes; when its client is killed it ends. It
-- commits, so that no transaction around it can have a search_path.
SET search_path = pg_catalog, pg_temp;
SET statement_timeout = 0;
SET client_connection_check_interval = '100 ms';

-- rescore --
CALL churn.rescore(
    %(table)s::pg_catalog.regclass, %(batch_size)s, rows_per_second => %(rows_per_second)s
);

-- rescore_progress --
-- The newest run of a table.
SELECT churn_internal.table_name(r.profile) AS profile, r.run_id, r.version, r.state, r.rows_done,
       r.rows_expected
FROM churn.rescore_progress r
WHERE r.profile = %(table)s::regclass
ORDER BY r.run_id DESC LIMIT 1;

-- work --
SELECT w.scored, w.failed
FROM churn.work(%(batch_size)s, %(table)s::regclass) w;

-- work_backlog --
-- What waits in the queue, and whether any of it can be scored now.
SELECT coalesce(sum(q.waiting), 0)::bigint AS waiting,
       coalesce(sum(q.failing), 0)::bigint AS failing,
       extract(epoch FROM max(q.oldest))::float8 AS oldest_seconds,
       EXISTS (
           SELECT FROM churn.active_deployments d
           WHERE (%(tables)s::text[] IS NULL
                  OR d.profile = ANY (%(tables)s::text[]::oid[]::regclass[]))
             AND (EXISTS (SELECT FROM churn_internal.pending_profiles m
                          WHERE m.attachment_id = d.attachment_id)
                  OR EXISTS (SELECT FROM churn_internal.failed_profiles m
                             WHERE m.attachment_id = d.attachment_id
                               AND m.due_at <= clock_timestamp()))
       ) AS workable
FROM churn.queue q
WHERE %(tables)s::text[] IS NULL OR q.profile = ANY (%(tables)s::text[]::oid[]::regclass[]);

-- attachments --
-- Every table that is attached.
SELECT a.attachment_id, churn_internal.table_name(a.profile) AS profile
FROM churn.attachments a
WHERE a.detached_at IS NULL
ORDER BY a.attachment_id;

-- monitor_window --
-- A window, as the server reads it; null: as churn.monitor takes it.
SELECT %(since)s::timestamptz::text AS since, %(until)s::timestamptz::text AS until;

-- monitor_windows --
-- The windows of a length that a span has room for, so many at most. Each begins a multiple
-- of the length after the first, so that months stay months.
WITH RECURSIVE windows (number, since, until) AS (
    SELECT 1, s.since, s.since + s.every
    FROM (SELECT %(since)s::timestamptz, %(every)s::interval) s (since, every)
    WHERE s.since < s.since + s.every
    UNION ALL
    SELECT w.number + 1, w.until,
           %(since)s::timestamptz + (w.number + 1) * %(every)s::interval
    FROM windows w
    WHERE w.until <= coalesce(%(until)s::timestamptz, now()) AND w.number < %(most)s
)
SELECT w.since::text, w.until::text
FROM windows w
WHERE w.until <= coalesce(%(until)s::timestamptz, now())
ORDER BY w.number;

-- monitor --
-- Measures a window: what was written.
SELECT m."time", %(profile)s AS profile, m.version, m.metric, m.feature, m.value, m.lower,
       m.upper, m."limit", m.n, m.verdict, m.detail
FROM churn.monitor(
    %(profile)s::regclass, %(since)s::timestamptz, %(until)s::timestamptz
) m;

-- open_alerts --
-- The alerts of attachments that are open.
SELECT o.alert_id, o."time" AS opened_at, churn_internal.table_name(o.profile) AS profile,
       o.version, o.metric, o.feature, o.value, o."limit", o.n, o.windows,
       o.last_finding_at, o.detail, o.acknowledged_at, o.acknowledged_by
FROM churn.open_alerts o
JOIN churn.attachments a ON a.profile = o.profile AND a.detached_at IS NULL
WHERE a.attachment_id = ANY (%(attachments)s)
ORDER BY o."time", o.alert_id;

-- metrics_of_tables --
-- Of each attached table what Prometheus gets of it.
SELECT churn_internal.table_name(a.profile) AS profile, q.active_version, q.waiting,
       q.failing, coalesce(extract(epoch FROM q.oldest), 0)::float8 AS oldest_seconds,
       h.unscored, h.failures, h.open_alerts,
       (SELECT count(*) FROM churn.open_alerts o
        WHERE o.profile = a.profile AND o.acknowledged_at IS NULL) AS unacknowledged_alerts,
       extract(epoch FROM r.until)::float8 AS window_end
FROM churn.attachments a
JOIN churn.queue q ON q.profile = a.profile
JOIN (
    SELECT h.profile, sum(h.waiting)::bigint AS unscored,
           sum(h.failures)::bigint AS failures, max(h.open_alerts) AS open_alerts
    FROM churn.health h GROUP BY 1
) h ON h.profile = a.profile
LEFT JOIN LATERAL (
    SELECT max(r.until) AS until FROM churn.monitor_results r
    WHERE r.attachment_id = a.attachment_id
) r ON true
WHERE a.detached_at IS NULL
ORDER BY a.attachment_id;

-- metrics_of_results --
-- What was measured last.
SELECT churn_internal.table_name(r.profile) AS profile, coalesce(r.version::text, '') AS version,
       r.metric, coalesce(r.feature, '') AS feature, r.value, r.lower, r.upper, r."limit",
       r.n, CASE r.verdict WHEN 'finding' THEN 1 WHEN 'ok' THEN 0 END AS finding
FROM churn.latest_results r
ORDER BY 1, 2, 3, 4;

-- metrics_of_alerts --
-- The alerts that are open.
SELECT churn_internal.table_name(o.profile) AS profile, o.alert_id::text,
       coalesce(o.version::text, '') AS version, o.metric, coalesce(o.feature, '') AS feature,
       extract(epoch FROM o."time")::float8 AS opened_at
FROM churn.open_alerts o
ORDER BY o.alert_id;

-- doctor_server --
SELECT current_setting('server_version') AS version,
       current_setting('server_encoding') AS encoding,
       EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'plpython3u')
           AS has_plpython,
       to_regclass('churn_migrations.alembic_version') IS NOT NULL AS has_revision,
       to_regprocedure('churn.version()') IS NOT NULL AS has_release;

-- doctor_release --
SELECT churn.version();

-- doctor_revision --
SELECT version_num FROM churn_migrations.alembic_version;

-- doctor_roles --
-- The roles that are missing.
SELECT r.name
FROM unnest(ARRAY['churn_owner', 'churn_loader', 'churn_scorer', 'churn_application'])
    r (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles p WHERE p.rolname = r.name);

-- doctor_owners --
-- What does not belong to churn_owner, or, where only superusers may change it, to one.
SELECT f.name
FROM (
    SELECT quote_ident(n.nspname) AS name, n.nspname, n.nspowner AS owner
    FROM pg_catalog.pg_namespace n
    UNION ALL
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), n.nspname, c.relowner
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    -- Sequences of columns go with their tables.
    WHERE c.relkind IN ('r', 'p', 'v', 'S')
    UNION ALL
    SELECT quote_ident(n.nspname) || '.' || quote_ident(p.proname), n.nspname, p.proowner
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    -- What writes a profile belongs to the owner of its table.
    WHERE NOT EXISTS (
        SELECT FROM churn.attachments a
        JOIN pg_catalog.pg_class c ON c.oid = a.profile
        WHERE p.proname IN ('update_profile_' || a.attachment_id,
                            'update_profiles_' || a.attachment_id)
          AND n.nspname = 'churn_internal' AND c.relowner = p.proowner
    )
    UNION ALL
    SELECT quote_ident(n.nspname) || '.' || quote_ident(t.typname), n.nspname, t.typowner
    FROM pg_catalog.pg_type t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'd'
) f
JOIN pg_catalog.pg_roles r ON r.oid = f.owner
WHERE CASE
    WHEN f.nspname IN ('churn_migrations', 'churn_trust') THEN NOT r.rolsuper
    WHEN f.nspname IN ('churn', 'churn_internal', 'churn_runtime')
        THEN r.rolname <> 'churn_owner'
END
ORDER BY 1;

-- doctor_public_rights --
-- What everybody may call or read.
SELECT DISTINCT f.name
FROM (
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, n.nspname,
           c.relacl AS rights
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    UNION ALL
    SELECT quote_ident(n.nspname) || '.' || quote_ident(p.proname), n.nspname,
           coalesce(p.proacl, acldefault('f', p.proowner))
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
) f
CROSS JOIN LATERAL aclexplode(f.rights) a
WHERE a.grantee = 0 AND f.nspname IN (
    'churn', 'churn_internal', 'churn_migrations', 'churn_runtime', 'churn_trust'
)
ORDER BY 1;

-- doctor_lost_rights --
-- Of the rights that are granted to roles, those that they do not have.
SELECT DISTINCT g.role || ' on ' || g.thing AS name
FROM jsonb_to_recordset(%(granted)s) g (
    kind text, thing text, "column" text, "right" text, role text
)
LEFT JOIN pg_catalog.pg_proc p ON g.kind = 'routine'
    AND p.pronamespace = to_regnamespace(split_part(g.thing, '.', 1))
    AND p.proname = split_part(g.thing, '.', 2)
LEFT JOIN pg_catalog.pg_class c ON g.kind = 'table'
    AND c.relnamespace = to_regnamespace(split_part(g.thing, '.', 1))
    AND c.relname = split_part(g.thing, '.', 2)
WHERE NOT CASE g.kind
    WHEN 'schema' THEN has_schema_privilege(g.role, g.thing, g."right")
    WHEN 'type' THEN has_type_privilege(g.role, g.thing, g."right")
    WHEN 'routine' THEN has_function_privilege(g.role, p.oid, g."right")
    ELSE CASE
        WHEN g."column" IS NULL THEN has_table_privilege(g.role, c.oid, g."right")
        ELSE has_column_privilege(g.role, c.oid, g."column", g."right")
    END
END
UNION
SELECT 'churn_owner on ' || churn_internal.table_name(r.oid)
FROM churn.attachments a
JOIN pg_catalog.pg_class r ON r.oid IN (a.profile, a.complaints)
WHERE a.detached_at IS NULL AND NOT (
    has_schema_privilege('churn_owner', r.relnamespace, 'USAGE')
    AND has_table_privilege('churn_owner', r.oid, 'SELECT')
    AND (r.oid <> a.profile OR (
        has_table_privilege('churn_owner', r.oid, 'TRIGGER')
        AND (SELECT count(*) FROM pg_catalog.pg_attribute t
             WHERE t.attrelid = r.oid AND t.attname IN (
                'complaint_count', 'last_complaint_at', 'churn_score',
                'churn_model_version', 'churn_scored_at'
             ) AND has_column_privilege('churn_owner', r.oid, t.attnum, 'UPDATE')) = 5
    ))
)
ORDER BY 1;

-- doctor_event_triggers --
-- The event triggers that are missing or disabled.
SELECT e.name
FROM unnest(ARRAY[
    'churn_follow_altered_tables', 'churn_keep_attached_tables', 'churn_keep_unique_keys'
]) e (name)
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_event_trigger t
    WHERE t.evtname = e.name AND t.evtenabled IN ('O', 'A')
);

-- doctor_trusted_keys --
-- Whether all but superusers are kept away from trusted keys and allowed pickles.
SELECT bool_and(
    r.rolsuper
    AND (SELECT count(*) FROM pg_catalog.pg_trigger t
         JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
         WHERE t.tgrelid = c.oid AND t.tgenabled = 'A'
           AND p.proname = 'refuse_trust_change') = 2
)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
WHERE n.nspname = 'churn_trust' AND c.relname IN ('trusted_keys', 'allowed_pickles');

-- doctor_pickles --
-- The versions without a compiled form, and whether they are in use.
SELECT m.version, CASE WHEN d.version IS NULL THEN 'not active' ELSE 'active' END AS use
FROM churn.models m
LEFT JOIN churn.active_deployments d ON d.version = m.version
WHERE m.compiled_sha256 IS NULL AND m.deleted_at IS NULL
ORDER BY m.version;

-- doctor_attachments --
-- Each attachment, how many of its six triggers fire, whether its log is switched on and
-- written, by a trigger where others have put something on the profile, and its active
-- version.
SELECT a.attachment_id, a.profile::text AS profile, a.complaints::text AS complaints,
       (SELECT count(*) FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid IN (a.profile, a.complaints) AND t.tgenabled IN ('O', 'A')
          AND t.tgname IN (
            SELECT format('pgchurn_%%s_%%s', a.attachment_id, n.name)
            FROM unnest(ARRAY['insert', 'update', 'delete', 'truncate',
                              'profile_insert', 'profile_update']) n (name)
          )) AS triggers,
       a.log_rate > 0 AS wants_log,
       CASE
           WHEN a.guarded THEN EXISTS (
               SELECT FROM pg_catalog.pg_trigger t
               WHERE t.tgrelid = a.profile AND t.tgenabled IN ('O', 'A')
                 AND t.tgname = format('pgchurn_%%s_log', a.attachment_id)
           )
           ELSE EXISTS (
               SELECT FROM pg_catalog.pg_proc f
               WHERE f.pronamespace = 'churn_internal'::regnamespace
                 AND f.proname = format('store_profiles_%%s', a.attachment_id)
                 AND position('INSERT INTO churn.predictions' IN f.prosrc) > 0
           )
       END AS logs,
       d.version
FROM churn.attachments a
LEFT JOIN churn.active_deployments d ON d.attachment_id = a.attachment_id
WHERE a.detached_at IS NULL
ORDER BY a.attachment_id;

-- doctor_writes --
-- Each profile with triggers and the like of others: why it cannot be written, or null, and
-- which columns that its version reads change when it is. It writes a few rows, and takes
-- that back.
SELECT a.profile::text AS profile, w.reason, w.version, w.changed
FROM churn.attachments a
CROSS JOIN LATERAL churn_internal.check_writing(a.attachment_id) w
WHERE a.detached_at IS NULL AND a.guarded
  AND has_function_privilege('churn_internal.check_writing(integer)', 'EXECUTE')
ORDER BY a.attachment_id;

-- doctor_labels --
-- Each attachment whose labels are recorded: the column, and how many are not; null: it is
-- none any more.
SELECT a.profile::text AS profile, a.outcome_label AS label,
       churn_internal.count_unrecorded_labels(a.attachment_id) AS unrecorded
FROM churn.attachments a
WHERE a.detached_at IS NULL AND a.outcome_label IS NOT NULL
  AND has_function_privilege(
    'churn_internal.count_unrecorded_labels(integer)', 'EXECUTE'
)
ORDER BY a.attachment_id;

-- doctor_monitoring --
-- Each attachment that was monitored more than now and then, in three windows, and has a
-- model: when that was done last, and within which time it had to be done again: three of
-- its last windows, and three days at least.
SELECT a.profile::text AS profile,
       extract(epoch FROM clock_timestamp() - r.measured_at)::float8 AS seconds_since,
       greatest(3 * extract(epoch FROM r.until - r.since), 3 * 86400)::float8
           AS seconds_allowed
FROM churn.active_deployments d
JOIN churn.attachments a ON a.attachment_id = d.attachment_id
CROSS JOIN LATERAL (
    SELECT r.measured_at, r.since, r.until FROM churn.monitor_results r
    WHERE r.attachment_id = a.attachment_id ORDER BY r.until DESC, r.result_id DESC LIMIT 1
) r
WHERE (
    SELECT count(DISTINCT r.until) FROM churn.monitor_results r
    WHERE r.attachment_id = a.attachment_id
) >= 3
ORDER BY a.attachment_id;

-- doctor_alerts --
-- Each attachment with open alerts: how many, of which nobody has taken note of some, and
-- what they are about, those first.
SELECT o.profile::text AS profile, count(*) AS open,
       count(*) FILTER (WHERE o.acknowledged_at IS NULL) AS unacknowledged,
       array_agg(o.metric ORDER BY o.acknowledged_at NULLS FIRST, o.alert_id) AS metrics,
       array_agg(o.feature ORDER BY o.acknowledged_at NULLS FIRST, o.alert_id) AS features
FROM churn.open_alerts o
GROUP BY o.profile
ORDER BY 1;

-- doctor_learning --
-- Each attachment whose outcomes are learned: how many batches at the end are quarantined, and
-- why the last of them is.
SELECT l.profile::text AS profile, l.learned, l.in_a_row, b.reason
FROM churn.learning l
LEFT JOIN LATERAL (
    SELECT b.reason
    FROM churn.learning_batches b
    WHERE b.stream_id = l.stream_id ORDER BY b.position DESC LIMIT 1
) b ON true
WHERE l.ended_at IS NULL AND l.learned + l.in_a_row > 0
ORDER BY 1;

-- doctor_retraining --
-- Each attachment that is to be retrained: the request that is open, what it waits for, and for
-- how long nobody has taken it; or for how long one should have been opened.
SELECT r.profile::text AS profile, r.request_id, r.waiting,
       extract(epoch FROM clock_timestamp() - greatest(r.requested_at, r.taken_at))::float8
           AS seconds
FROM churn.retraining_requests r
WHERE r.finished_at IS NULL
UNION ALL
SELECT p.profile::text, NULL, NULL,
       extract(epoch FROM clock_timestamp() - (d.since + p.every))::float8
FROM churn.retraining_policies p
JOIN churn.attachments a USING (profile)
CROSS JOIN LATERAL churn_internal.retraining_due(a.attachment_id) d
WHERE p.every IS NOT NULL AND d.reason IS NOT NULL AND NOT EXISTS (
    SELECT FROM churn.retraining_requests r
    WHERE r.profile = p.profile AND r.finished_at IS NULL
)
ORDER BY 1;

-- doctor_releases --
-- Each release that is under way: since when nobody has measured its guardrails, within which
-- time they had to be; whether it is held, and by one of them; and what its challenger lacks.
SELECT r.profile::text AS profile, r.challenger, r.state, r.share, r.reason,
       extract(epoch FROM clock_timestamp() - greatest(p.measured_at, r.since))::float8
           AS seconds_since,
       greatest(extract(epoch FROM p.hold), 3600)::float8 AS seconds_allowed,
       p.held_at IS NOT NULL AS held,
       p.held_at IS NOT NULL AND EXISTS (
           SELECT FROM churn.release_evidence e
           WHERE e.release_id = r.release_id AND e.guardrail = 'step'
             AND e.result = 'failure' AND e.measured_at >= p.held_at
       ) AS failed,
       CASE
           WHEN m.deleted_at IS NOT NULL OR m.artifact IS NULL AND m.compiled IS NULL
               THEN 'has lost its bytes'
           WHEN EXISTS (SELECT FROM churn_trust.keys_in_force()) AND NOT EXISTS (
               SELECT FROM churn_trust.keys_in_force() k
               WHERE k.fingerprint = m.attestation_key
           ) THEN 'is signed by no key that is trusted'
           WHEN NOT p.allow_expired
                AND (m.attestation::jsonb ->> 'expires')::date < current_date
               THEN 'has expired'
       END AS lacks
FROM churn.releases r
JOIN churn_internal.release_plans p USING (release_id)
JOIN churn.models m ON m.version = r.challenger
WHERE r.ended_at IS NULL
ORDER BY r.release_id;

-- doctor_queues --
-- Each attachment with customers who have been due for more than five minutes: how many,
-- how long the first of them has, and the version that would score them.
SELECT a.profile::text AS profile, d.version, count(*) AS waiting,
       extract(epoch FROM clock_timestamp() - min(m.due_at))::float8 AS seconds
FROM churn.attachments a
LEFT JOIN churn.active_deployments d ON d.attachment_id = a.attachment_id
JOIN (
    SELECT p.attachment_id, p.enqueued_at AS due_at FROM churn_internal.pending_profiles p
    UNION ALL
    SELECT f.attachment_id, f.due_at FROM churn_internal.failed_profiles f
) m ON m.attachment_id = a.attachment_id
WHERE m.due_at < clock_timestamp() - interval '5 min'
GROUP BY 1, 2 ORDER BY 1;

-- doctor_prediction_log --
-- Whether any attachment is logged, whether next month has a partition, and whether the
-- default partition has caught something.
SELECT EXISTS (
           SELECT FROM churn.attachments a
           WHERE a.detached_at IS NULL AND a.log_rate > 0
       ) AS used,
       EXISTS (
           SELECT FROM pg_catalog.pg_inherits i
           JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent = 'churn.predictions'::regclass
             AND c.relname = 'predictions_' || to_char(
                 now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYYMM'
             )
       ) AS prepared,
       EXISTS (
           SELECT FROM churn.predictions p
           WHERE p.tableoid = 'churn_internal.predictions_default'::regclass
       ) AS caught;

-- explained_from --
-- The active version of an attachment, and what its explanations start from.
SELECT d.version, b.base, b.probability
FROM churn.active_deployments d CROSS JOIN LATERAL churn.explain_base(d.version) b
WHERE d.attachment_id = %(attachment_id)s;

-- why_changed --
SELECT * FROM churn.why_changed(%(table)s::regclass, %(key)s);

-- compare --
SELECT * FROM churn.compare(
    %(table)s::regclass, %(champion)s, %(challenger)s, %(since)s, %(until)s, %(material)s,
    %(expected)s, thresholds => %(thresholds)s, acted_upon => %(acted_upon)s
);

-- upgrade_effects --
-- Every version that is there: which use is made of it, and why it may have no compiled
-- form.
SELECT m.version, coalesce(a.profile_name, a.profile::text) AS profile,
       CASE m.version
           WHEN d.version THEN 'active'
           WHEN p.version THEN 'previous'
       END AS use,
       m.compiled_sha256 IS NOT NULL AS compiled, m.compilation,
       m.compilation ~ '(it was not wanted|none was given)$' AS unwanted,
       m.environment ->> 'scikit-learn' AS scikit_learn, m.environment ->> 'numpy' AS numpy
FROM churn.models m
JOIN churn.attachments a ON a.attachment_id = m.attachment_id
LEFT JOIN churn.active_deployments c ON c.attachment_id = m.attachment_id
LEFT JOIN churn.deployments d ON d.deployment_id = c.deployment_id
LEFT JOIN churn.deployments p ON p.deployment_id = d.previous_deployment_id
WHERE m.deleted_at IS NULL
ORDER BY m.version;

-- listen_channels --
LISTEN churn_scores; LISTEN churn_alerts;

-- listen_server --
-- Whether the server and the role can follow the outbox.
SELECT current_setting('wal_level') AS wal_level, quote_ident(r.rolname) AS role,
       r.rolreplication OR r.rolsuper AS may_replicate
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user;

-- listen_slot --
SELECT s.plugin, s.database, current_database() AS current_database, s.wal_status
FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = %(slot)s;

-- listen_create_slot --
SELECT pg_create_logical_replication_slot(%(slot)s, %(plugin)s);

-- listen_drop_slot --
SELECT pg_drop_replication_slot(%(slot)s);

-- doctor_slots --
-- The slots of consumers, and how much WAL each of them keeps; null: it is lost.
SELECT s.slot_name AS slot, s.active, s.wal_status,
       CASE WHEN NOT pg_is_in_recovery()
            THEN pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint END AS kept
FROM pg_catalog.pg_replication_slots s
WHERE s.database = current_database() AND s.plugin = 'wal2json'
ORDER BY s.slot_name;

-- demo_customers --
SELECT count(*) AS customers,
       count(*) FILTER (WHERE customer_name = ANY (%(names)s)) AS known
FROM churn.customers;

-- demo_scores --
SELECT c.customer_id, c.customer_name, c.complaint_count, c.churn_score
FROM churn.customers c WHERE c.customer_name = ANY (%(names)s)
ORDER BY array_position(%(names)s::text[], c.customer_name);

-- demo_complain --
INSERT INTO churn.complaints (customer_id, channel, subject)
VALUES (%(customer_id)s, 'phone', 'connection drops in the evening');

-- life_cycle_is_there --
SELECT to_regnamespace('life_cycle') IS NOT NULL;

-- life_cycle_create --
-- The tables of a year, attached; each customer is scored once.
CREATE SCHEMA life_cycle;
COMMENT ON SCHEMA life_cycle IS 'The customers of pgchurn demo --life-cycle.';
CREATE TABLE life_cycle.customers (
    customer_id bigint PRIMARY KEY,
    contract text,
    payment_method text,
    internet_service text,
    has_dependents boolean,
    tenure_months integer,
    monthly_charges double precision,
    data_usage_gb double precision,
    support_calls integer,
    late_payments integer,
    scored_at timestamptz NOT NULL,
    churned boolean
);
CREATE TABLE life_cycle.complaints (
    customer_id bigint NOT NULL REFERENCES life_cycle.customers,
    complained_at timestamptz NOT NULL
);
SELECT churn.attach('life_cycle.customers', 'customer_id', 'life_cycle.complaints',
                    'customer_id', 'complained_at');

-- life_cycle_log --
-- Logs the scores that are stored, as if each had been given when its customer was scored; and
-- has all scores logged from now on.
INSERT INTO churn.predictions (
    attachment_id, key, version, score, features, cause, predicted_at
)
SELECT m.attachment_id, c.customer_id::text, m.version, c.churn_score,
       (SELECT json_object_agg(v.key, v.value)
        FROM json_each(row_to_json(c)) v
        WHERE EXISTS (
            SELECT FROM jsonb_array_elements(m.signature -> 'features') f
            WHERE f ->> 'name' = v.key
        )),
       'batch', c.scored_at
FROM life_cycle.customers c
JOIN churn.models m ON m.version = c.churn_model_version
WHERE c.scored_at >= %(start)s;
SELECT churn.set_outcome('life_cycle.customers', NULL, %(horizon)s);
SELECT churn.expire_predictions('10 years');
SELECT churn.set_prediction_log('life_cycle.customers', 1);
ANALYZE churn.predictions;

-- life_cycle_alerts --
-- In the order in which they were opened, as they were then, and since when the first window
-- with the finding was.
SELECT l.opened_at, l.metric, l.feature, f.value, f."limit", f.n, l.resolved_at, f.detail,
       churn_internal.needs_outcomes(l.metric) AS needs_outcomes, f.first_since
FROM churn.alerts l
JOIN churn.attachments a ON a.attachment_id = l.attachment_id
CROSS JOIN LATERAL (
    SELECT w.value, w."limit", w.n, w.detail,
           min(w.since) FILTER (WHERE w.verdict = 'finding') OVER () AS first_since
    FROM (
        SELECT r.*
        FROM churn.monitor_results r
        WHERE r.attachment_id = l.attachment_id AND r.metric = l.metric
          AND r.feature IS NOT DISTINCT FROM l.feature AND r.verdict IN ('ok', 'finding')
          AND r.until + CASE WHEN churn_internal.needs_outcomes(l.metric)
                             THEN a.horizon ELSE interval '0' END <= l.opened_at
        ORDER BY r.until DESC LIMIT 3
    ) w
    ORDER BY w.until DESC LIMIT 1
) f
WHERE a.profile = %(table)s::regclass
ORDER BY l.opened_at, l.alert_id;

-- life_cycle_matured --
SELECT m.features, m.outcome
FROM churn.matured(%(table)s::regclass, NULL, %(since)s, %(until)s) m
ORDER BY m.predicted_at, m.key;

-- life_cycle_compare --
SELECT * FROM churn.compare(%(table)s::regclass, %(champion)s, %(challenger)s, %(since)s);

-- life_cycle_seed --
SELECT setseed(1.0 / (%(seed)s + 1));

-- life_cycle_release --
SELECT r.share, r.state, r.challenger_customers, r.missing, r.reason, r.ended_at
FROM churn.releases r WHERE r.release_id = %(release_id)s;

-- life_cycle_scored_by --
SELECT count(*) FROM life_cycle.customers c WHERE c.churn_model_version = %(version)s;

-- life_cycle_complaints --
-- How many complaints there are, and how many are counted.
SELECT (SELECT count(*) FROM life_cycle.complaints) AS complaints,
       (SELECT sum(c.complaint_count) FROM life_cycle.customers c)::bigint AS counted;

-- life_cycle_month --
-- What was found of a month: of windows that ended in it, and of customers scored in it.
SELECT (SELECT count(*) FROM churn.predictions p
        WHERE p.attachment_id = a.attachment_id
          AND p.predicted_at >= %(since)s AND p.predicted_at < %(until)s) AS scored,
       avg(r.value) FILTER (WHERE r.metric = 'mean_score') AS mean_score,
       avg(r.value) FILTER (
           WHERE r.metric = 'psi' AND r.feature = 'data_usage_gb'
       ) AS psi_of_data_usage_gb,
       avg(r.value) FILTER (WHERE r.metric = 'estimated_log_loss') AS estimated_log_loss,
       avg(r.value) FILTER (WHERE r.metric = 'realised_log_loss') AS realised_log_loss,
       (SELECT string_agg(concat_ws(' of ', l.metric, l.feature), ', ' ORDER BY l.alert_id)
        FROM churn.alerts l
        WHERE l.attachment_id = a.attachment_id
          AND l.opened_at > %(since)s AND l.opened_at <= %(until)s) AS alerts_opened
FROM churn.attachments a
LEFT JOIN churn.monitor_results r ON r.attachment_id = a.attachment_id
    AND r.until > %(since)s AND r.until <= %(until)s
WHERE a.profile = %(table)s::regclass
GROUP BY a.attachment_id;
