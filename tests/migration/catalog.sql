-- What a fresh database becomes: written by make golden, see tests/golden.py.

CREATE ROLE churn_application NOLOGIN INHERIT;
COMMENT ON ROLE churn_application IS 'Inserts complaints, nothing else. Grant it to applications.';

CREATE ROLE churn_loader NOLOGIN INHERIT;
COMMENT ON ROLE churn_loader IS 'Registers and activates models. Grant it to data scientists.';

CREATE ROLE churn_owner BYPASSRLS NOLOGIN INHERIT;
COMMENT ON ROLE churn_owner IS 'Owns every object of pgchurn. Nobody logs in as it.';

CREATE ROLE churn_scorer NOLOGIN INHERIT;
COMMENT ON ROLE churn_scorer IS 'Reads scores and asks for new ones. Grant it to analysts.';

CREATE SCHEMA churn;
ALTER SCHEMA churn OWNER TO churn_owner;
GRANT USAGE ON SCHEMA churn TO churn_application;
GRANT USAGE ON SCHEMA churn TO churn_loader;
GRANT USAGE ON SCHEMA churn TO churn_scorer;
COMMENT ON SCHEMA churn IS 'pgchurn: churn scores that are fresh whenever a complaint commits. What people call and read.';

CREATE SCHEMA churn_internal;
ALTER SCHEMA churn_internal OWNER TO churn_owner;
GRANT USAGE ON SCHEMA churn_internal TO churn_application;
GRANT USAGE ON SCHEMA churn_internal TO churn_loader;
GRANT USAGE ON SCHEMA churn_internal TO churn_scorer;
COMMENT ON SCHEMA churn_internal IS 'pgchurn: what its own functions and triggers use.';

CREATE SCHEMA churn_migrations;
COMMENT ON SCHEMA churn_migrations IS 'pgchurn: the revision of the database, out of reach of all but superusers.';

CREATE SCHEMA churn_runtime;
ALTER SCHEMA churn_runtime OWNER TO churn_owner;
COMMENT ON SCHEMA churn_runtime IS 'pgchurn: the Python modules that score, each the body of a function that is never called.';

CREATE SCHEMA churn_trust;
GRANT USAGE ON SCHEMA churn_trust TO churn_owner;
COMMENT ON SCHEMA churn_trust IS 'pgchurn: who may sign models, out of reach of all but superusers.';

CREATE DOMAIN churn_internal.probabilities AS double precision[] CONSTRAINT not_failed CHECK (((VALUE IS NOT NULL) OR churn_internal.raise_failure()));
ALTER DOMAIN churn_internal.probabilities OWNER TO churn_owner;
COMMENT ON DOMAIN churn_internal.probabilities IS 'A probability for each row, null for those that keep their score.';

CREATE DOMAIN churn_internal.probability AS double precision CONSTRAINT not_failed CHECK (((VALUE IS NULL) OR ((VALUE >= (0)::double precision) AND (VALUE <= (1)::double precision)) OR churn_internal.raise_failure()));
ALTER DOMAIN churn_internal.probability OWNER TO churn_owner;
COMMENT ON DOMAIN churn_internal.probability IS 'From 0 to 1, or null where a row keeps its score.';

CREATE DOMAIN churn_internal.required_boolean AS boolean CONSTRAINT not_failed CHECK (((VALUE IS NOT NULL) OR churn_internal.raise_failure()));
ALTER DOMAIN churn_internal.required_boolean OWNER TO churn_owner;
COMMENT ON DOMAIN churn_internal.required_boolean IS 'What a check has found.';

CREATE DOMAIN churn_internal.required_integer AS integer CONSTRAINT not_failed CHECK (((VALUE IS NOT NULL) OR churn_internal.raise_failure()));
ALTER DOMAIN churn_internal.required_integer OWNER TO churn_owner;
COMMENT ON DOMAIN churn_internal.required_integer IS 'How many there are.';

CREATE DOMAIN churn_internal.required_jsonb AS jsonb CONSTRAINT not_failed CHECK (((VALUE IS NOT NULL) OR churn_internal.raise_failure()));
ALTER DOMAIN churn_internal.required_jsonb OWNER TO churn_owner;
COMMENT ON DOMAIN churn_internal.required_jsonb IS 'What there is to tell.';

CREATE DOMAIN churn_internal.required_text AS text CONSTRAINT not_failed CHECK (((VALUE IS NOT NULL) OR churn_internal.raise_failure()));
ALTER DOMAIN churn_internal.required_text OWNER TO churn_owner;
COMMENT ON DOMAIN churn_internal.required_text IS 'What a check has read.';

CREATE DOMAIN churn_trust.array_image AS bytea CONSTRAINT is_array CHECK (churn_trust.is_array_image(VALUE)) CONSTRAINT not_failed CHECK (((VALUE IS NOT NULL) OR churn_internal.raise_failure()));
GRANT USAGE ON DOMAIN churn_trust.array_image TO churn_owner;
COMMENT ON DOMAIN churn_trust.array_image IS 'The bytes of an array of numbers, as the server holds it in memory.';

CREATE TABLE churn.actions (
    action_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    action text NOT NULL,
    at timestamp with time zone NOT NULL,
    recorded_by name DEFAULT SESSION_USER NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT actions_pkey PRIMARY KEY (action_id),
    CONSTRAINT actions_at_check CHECK (isfinite(at))
);
CREATE INDEX actions_key_idx ON churn.actions USING btree (attachment_id, key, at);
ALTER TABLE churn.actions OWNER TO churn_owner;
GRANT SELECT ON churn.actions TO churn_loader;
GRANT SELECT ON churn.actions TO churn_scorer;
COMMENT ON TABLE churn.actions IS 'What was done to keep customers: who was acted upon changes what becomes of them.';
COMMENT ON COLUMN churn.actions.action_id IS 'Tells actions apart.';
COMMENT ON COLUMN churn.actions.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.actions.key IS 'The profile row''s key, as text; when that changes, this does.';
COMMENT ON COLUMN churn.actions.action IS 'What was done: a call, an offer.';
COMMENT ON COLUMN churn.actions.at IS 'When it was done.';
COMMENT ON COLUMN churn.actions.recorded_by IS 'Who recorded it.';
COMMENT ON COLUMN churn.actions.recorded_at IS 'When it was recorded.';

CREATE TABLE churn.alert_outbox (
    change_id bigint NOT NULL,
    attachment_id integer NOT NULL,
    profile text NOT NULL,
    event text NOT NULL,
    alert_id bigint NOT NULL,
    version bigint,
    metric text NOT NULL,
    feature text,
    value double precision,
    "limit" double precision,
    n bigint NOT NULL,
    windows integer NOT NULL,
    detail text,
    opened_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    told_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT alert_outbox_pkey PRIMARY KEY (change_id),
    CONSTRAINT alert_outbox_event_check CHECK ((event = ANY (ARRAY['opened'::text, 'resolved'::text])))
);
ALTER TABLE churn.alert_outbox OWNER TO churn_owner;
GRANT SELECT ON churn.alert_outbox TO churn_loader;
GRANT SELECT ON churn.alert_outbox TO churn_scorer;
COMMENT ON TABLE churn.alert_outbox IS 'Onsets and ends of alerts, for consumers that must miss none, as churn.outbox. churn.expire_outbox removes old rows.';
COMMENT ON COLUMN churn.alert_outbox.change_id IS 'The key by which a consumer drops repeats: of this table and churn.outbox together.';
COMMENT ON COLUMN churn.alert_outbox.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.alert_outbox.profile IS 'The profile''s name at that time.';
COMMENT ON COLUMN churn.alert_outbox.event IS 'opened or resolved.';
COMMENT ON COLUMN churn.alert_outbox.alert_id IS 'The alert, of churn.alerts.';
COMMENT ON COLUMN churn.alert_outbox.version IS 'The version whose scores were looked at; null: no version gave them.';
COMMENT ON COLUMN churn.alert_outbox.metric IS 'What is, or was, out of its limits.';
COMMENT ON COLUMN churn.alert_outbox.feature IS 'Of which feature; null: of none.';
COMMENT ON COLUMN churn.alert_outbox.value IS 'What was measured in the last window with a finding.';
COMMENT ON COLUMN churn.alert_outbox."limit" IS 'The limit there; null: there is none.';
COMMENT ON COLUMN churn.alert_outbox.n IS 'How many rows that was measured on.';
COMMENT ON COLUMN churn.alert_outbox.windows IS 'In how many windows there was a finding so far.';
COMMENT ON COLUMN churn.alert_outbox.detail IS 'The finding in words.';
COMMENT ON COLUMN churn.alert_outbox.opened_at IS 'Until when churn.monitor had looked when it opened it.';
COMMENT ON COLUMN churn.alert_outbox.resolved_at IS 'Until when churn.monitor had looked when it was over; null: it is open.';
COMMENT ON COLUMN churn.alert_outbox.told_at IS 'When the row was written.';

CREATE TABLE churn.alerts (
    alert_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    version bigint,
    metric text NOT NULL,
    feature text,
    opened_at timestamp with time zone NOT NULL,
    last_finding_at timestamp with time zone NOT NULL,
    value double precision,
    "limit" double precision,
    n bigint NOT NULL,
    windows integer NOT NULL,
    detail text,
    acknowledged_at timestamp with time zone,
    acknowledged_by name,
    resolved_at timestamp with time zone,
    resolution text,
    CONSTRAINT alerts_pkey PRIMARY KEY (alert_id),
    CONSTRAINT alerts_check CHECK ((num_nulls(acknowledged_at, acknowledged_by) = ANY (ARRAY[0, 2]))),
    CONSTRAINT alerts_check1 CHECK ((num_nulls(resolved_at, resolution) = ANY (ARRAY[0, 2])))
);
CREATE UNIQUE INDEX alerts_open_idx ON churn.alerts USING btree (attachment_id, metric, feature) NULLS NOT DISTINCT WHERE (resolved_at IS NULL);
ALTER TABLE churn.alerts OWNER TO churn_owner;
GRANT SELECT ON churn.alerts TO churn_loader;
GRANT SELECT ON churn.alerts TO churn_scorer;
COMMENT ON TABLE churn.alerts IS 'Findings of churn.monitor that lasted: one row from the onset to the end.';
COMMENT ON COLUMN churn.alerts.alert_id IS 'What churn.acknowledge_alert takes.';
COMMENT ON COLUMN churn.alerts.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.alerts.version IS 'The version whose scores were looked at; null: no version gave them.';
COMMENT ON COLUMN churn.alerts.metric IS 'What is out of its limits.';
COMMENT ON COLUMN churn.alerts.feature IS 'Of which feature; null: of none.';
COMMENT ON COLUMN churn.alerts.opened_at IS 'Until when churn.monitor had looked when it opened it.';
COMMENT ON COLUMN churn.alerts.last_finding_at IS 'The end of the last window with a finding.';
COMMENT ON COLUMN churn.alerts.value IS 'What was measured in the last window with a finding.';
COMMENT ON COLUMN churn.alerts."limit" IS 'The limit there; null: there is none.';
COMMENT ON COLUMN churn.alerts.n IS 'How many rows that was measured on.';
COMMENT ON COLUMN churn.alerts.windows IS 'In how many windows there was a finding so far.';
COMMENT ON COLUMN churn.alerts.detail IS 'The finding in words.';
COMMENT ON COLUMN churn.alerts.acknowledged_at IS 'When somebody took note of it; null: nobody has.';
COMMENT ON COLUMN churn.alerts.acknowledged_by IS 'Who did.';
COMMENT ON COLUMN churn.alerts.resolved_at IS 'Until when churn.monitor had looked when it was over; null: it is open.';
COMMENT ON COLUMN churn.alerts.resolution IS 'Why it is over; null: it is open.';

CREATE TABLE churn.attachments (
    attachment_id integer NOT NULL,
    profile regclass NOT NULL,
    profile_key name NOT NULL,
    complaints regclass NOT NULL,
    complaint_key name NOT NULL,
    complaint_time name,
    on_error text DEFAULT 'keep'::text NOT NULL,
    score_timeout interval DEFAULT '00:00:05'::interval NOT NULL,
    scoring_mode text DEFAULT 'inline'::text NOT NULL,
    log_rate double precision DEFAULT 0 NOT NULL,
    notifications text DEFAULT 'off'::text NOT NULL,
    notification_threshold double precision,
    outbox text DEFAULT 'off'::text NOT NULL,
    outbox_threshold double precision,
    outcome_label name,
    positive_class text,
    horizon interval DEFAULT '90 days'::interval NOT NULL,
    number_columns name[] DEFAULT '{}'::name[] NOT NULL,
    text_columns name[] DEFAULT '{}'::name[] NOT NULL,
    write_search_path text NOT NULL,
    guarded boolean DEFAULT false NOT NULL,
    complaint_tables regclass[] DEFAULT '{}'::regclass[] NOT NULL,
    attached_by name DEFAULT SESSION_USER NOT NULL,
    attached_at timestamp with time zone DEFAULT now() NOT NULL,
    detached_at timestamp with time zone,
    profile_name text,
    complaints_name text,
    dropped_at timestamp with time zone,
    CONSTRAINT attachments_pkey PRIMARY KEY (attachment_id),
    CONSTRAINT attachments_detached_check CHECK (((num_nulls(detached_at, profile_name, complaints_name) = ANY (ARRAY[0, 3])) AND ((detached_at IS NOT NULL) OR (dropped_at IS NULL)))),
    CONSTRAINT attachments_horizon_check CHECK ((horizon > '00:00:00'::interval)),
    CONSTRAINT attachments_log_rate_check CHECK (((log_rate >= (0)::double precision) AND (log_rate <= (1)::double precision))),
    CONSTRAINT attachments_notifications_check CHECK (((notifications = ANY (ARRAY['off'::text, 'every'::text, 'threshold'::text])) AND ((notifications = 'threshold'::text) = (notification_threshold IS NOT NULL)))),
    CONSTRAINT attachments_on_error_check CHECK ((on_error = ANY (ARRAY['keep'::text, 'raise'::text]))),
    CONSTRAINT attachments_outbox_check CHECK (((outbox = ANY (ARRAY['off'::text, 'every'::text, 'threshold'::text])) AND ((outbox = 'threshold'::text) = (outbox_threshold IS NOT NULL)))),
    CONSTRAINT attachments_scoring_mode_check CHECK ((scoring_mode = ANY (ARRAY['inline'::text, 'queued'::text])))
);
CREATE UNIQUE INDEX attachments_profile_idx ON churn.attachments USING btree (profile) WHERE (detached_at IS NULL);
ALTER TABLE churn.attachments OWNER TO churn_owner;
GRANT SELECT ON churn.attachments TO churn_loader;
GRANT SELECT ON churn.attachments TO churn_scorer;
COMMENT ON TABLE churn.attachments IS 'A profile table and its complaints table, wired together by churn.attach.';
COMMENT ON COLUMN churn.attachments.attachment_id IS 'Ends the names of the functions and triggers that churn.attach created.';
COMMENT ON COLUMN churn.attachments.profile IS 'The table with one row for each customer.';
COMMENT ON COLUMN churn.attachments.profile_key IS 'Its unique key.';
COMMENT ON COLUMN churn.attachments.complaints IS 'The event table.';
COMMENT ON COLUMN churn.attachments.complaint_key IS 'The column of the event table that holds the profile''s key.';
COMMENT ON COLUMN churn.attachments.complaint_time IS 'The column of the event table that says when; null: when it was inserted.';
COMMENT ON COLUMN churn.attachments.on_error IS 'When a model cannot score a complaint: keep the complaint and the old score, or raise.';
COMMENT ON COLUMN churn.attachments.score_timeout IS 'How long one call of the model may take before it counts as a failure.';
COMMENT ON COLUMN churn.attachments.scoring_mode IS 'inline: a statement scores the customers that it changes; queued: it enqueues them.';
COMMENT ON COLUMN churn.attachments.log_rate IS 'Which share of the scores that are stored is appended to churn.predictions, 0 to 1.';
COMMENT ON COLUMN churn.attachments.notifications IS 'Which stored scores are told by NOTIFY: off, every, or threshold, those that cross it.';
COMMENT ON COLUMN churn.attachments.notification_threshold IS 'The threshold of notifications; null: not in this mode.';
COMMENT ON COLUMN churn.attachments.outbox IS 'Which stored scores go to churn.outbox: off, every, or threshold, those that cross it.';
COMMENT ON COLUMN churn.attachments.outbox_threshold IS 'The threshold of the outbox; null: not in this mode.';
COMMENT ON COLUMN churn.attachments.outcome_label IS 'The column of the profile whose labels are appended to churn.outcomes; null: none is.';
COMMENT ON COLUMN churn.attachments.positive_class IS 'The label of who has left, as text; null: true, 1 or a word for yes.';
COMMENT ON COLUMN churn.attachments.horizon IS 'How long after a prediction a customer who leaves counts for it.';
COMMENT ON COLUMN churn.attachments.number_columns IS 'The numeric and boolean columns that are features of a version, as scoring passes them.';
COMMENT ON COLUMN churn.attachments.text_columns IS 'The text columns that are features of a version, as scoring passes them.';
COMMENT ON COLUMN churn.attachments.write_search_path IS 'The search_path of what others have put on the profile, when pgchurn writes it.';
COMMENT ON COLUMN churn.attachments.guarded IS 'Whether others have put triggers, checks or the like on the profile, so that it is written as its owner and what they raise costs no complaint.';
COMMENT ON COLUMN churn.attachments.complaint_tables IS 'The event table, its partitions and children: when one goes, complaints go with it.';
COMMENT ON COLUMN churn.attachments.attached_by IS 'Who attached it.';
COMMENT ON COLUMN churn.attachments.attached_at IS 'When it was attached, last.';
COMMENT ON COLUMN churn.attachments.detached_at IS 'When it was detached; the row stays, for the history of its models.';
COMMENT ON COLUMN churn.attachments.profile_name IS 'What the profile table was called when it was detached; null: it is attached.';
COMMENT ON COLUMN churn.attachments.complaints_name IS 'What the event table was called when it was detached; null: it is attached.';
COMMENT ON COLUMN churn.attachments.dropped_at IS 'When the profile table was dropped, after it was detached: no other table takes up its models.';

CREATE TABLE churn.complaints (
    complaint_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    customer_id bigint NOT NULL,
    complained_at timestamp with time zone DEFAULT now() NOT NULL,
    channel text,
    subject text,
    CONSTRAINT complaints_pkey PRIMARY KEY (complaint_id),
    CONSTRAINT complaints_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES churn.customers(customer_id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX complaints_customer_idx ON churn.complaints USING btree (customer_id, complained_at);
ALTER TABLE churn.complaints OWNER TO churn_owner;
GRANT INSERT ON churn.complaints TO churn_application;
COMMENT ON TABLE churn.complaints IS 'The default event table: one row for each complaint.';
COMMENT ON COLUMN churn.complaints.complaint_id IS 'The complaint''s key.';
COMMENT ON COLUMN churn.complaints.customer_id IS 'Who complained.';
COMMENT ON COLUMN churn.complaints.complained_at IS 'When.';
COMMENT ON COLUMN churn.complaints.channel IS 'By which way it came in.';
COMMENT ON COLUMN churn.complaints.subject IS 'What it was about.';
CREATE TRIGGER pgchurn_1_delete AFTER DELETE ON churn.complaints REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.complaints_recounted_1();
COMMENT ON TRIGGER pgchurn_1_delete ON churn.complaints IS 'Counts anew after complaints were deleted and scores their customers.';
CREATE TRIGGER pgchurn_1_insert AFTER INSERT ON churn.complaints REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.complaints_inserted_1();
COMMENT ON TRIGGER pgchurn_1_insert ON churn.complaints IS 'Counts new complaints and scores their customers.';
CREATE TRIGGER pgchurn_1_truncate AFTER TRUNCATE ON churn.complaints FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.complaints_recounted_1();
COMMENT ON TRIGGER pgchurn_1_truncate ON churn.complaints IS 'Sets counters back and scores all customers who had complaints.';
CREATE TRIGGER pgchurn_1_update AFTER UPDATE ON churn.complaints REFERENCING OLD TABLE AS former NEW TABLE AS updated FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.complaints_recounted_1();
COMMENT ON TRIGGER pgchurn_1_update ON churn.complaints IS 'Counts moved complaints anew and scores their customers.';

CREATE TABLE churn.customers (
    customer_id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL,
    customer_name text,
    signed_up_on date,
    age integer,
    region text,
    contract text,
    payment_method text,
    internet_service text,
    paperless_billing boolean,
    has_dependents boolean,
    tenure_months integer,
    monthly_charges numeric(10,2),
    total_charges numeric(12,2),
    data_usage_gb double precision,
    support_calls integer,
    late_payments integer,
    churned boolean,
    complaint_count integer DEFAULT 0 NOT NULL,
    last_complaint_at timestamp with time zone,
    churn_score double precision,
    churn_model_version bigint,
    churn_scored_at timestamp with time zone,
    CONSTRAINT customers_pkey PRIMARY KEY (customer_id)
);
ALTER TABLE churn.customers OWNER TO churn_owner;
GRANT SELECT ON churn.customers TO churn_loader;
GRANT SELECT ON churn.customers TO churn_scorer;
COMMENT ON TABLE churn.customers IS 'The default profile: one row for each customer.';
GRANT UPDATE (complaint_count, last_complaint_at, churn_score, churn_model_version, churn_scored_at) ON churn.customers TO churn_owner;
COMMENT ON COLUMN churn.customers.customer_id IS 'The customer''s key.';
COMMENT ON COLUMN churn.customers.customer_name IS 'Whom to call.';
COMMENT ON COLUMN churn.customers.signed_up_on IS 'Day on which the subscription began.';
COMMENT ON COLUMN churn.customers.age IS 'Age in years.';
COMMENT ON COLUMN churn.customers.region IS 'Sales region.';
COMMENT ON COLUMN churn.customers.contract IS 'Term of the contract: month to month, one year, two year.';
COMMENT ON COLUMN churn.customers.payment_method IS 'How the customer pays.';
COMMENT ON COLUMN churn.customers.internet_service IS 'Kind of line: none, dsl, fiber.';
COMMENT ON COLUMN churn.customers.paperless_billing IS 'Whether bills go out by e-mail.';
COMMENT ON COLUMN churn.customers.has_dependents IS 'Whether others in the household use the service.';
COMMENT ON COLUMN churn.customers.tenure_months IS 'Months since the subscription began.';
COMMENT ON COLUMN churn.customers.monthly_charges IS 'Charges of the last month.';
COMMENT ON COLUMN churn.customers.total_charges IS 'Charges since the subscription began.';
COMMENT ON COLUMN churn.customers.data_usage_gb IS 'Data used in the last month, in GB.';
COMMENT ON COLUMN churn.customers.support_calls IS 'Calls to support in the last year.';
COMMENT ON COLUMN churn.customers.late_payments IS 'Late payments in the last year.';
COMMENT ON COLUMN churn.customers.churned IS 'Whether the customer left, the label to train on; null: not known yet.';
COMMENT ON COLUMN churn.customers.complaint_count IS 'How many complaints the customer has made. Kept by pgchurn.';
COMMENT ON COLUMN churn.customers.last_complaint_at IS 'When the customer last complained. Kept by pgchurn.';
COMMENT ON COLUMN churn.customers.churn_score IS 'Probability of churn, 0 to 1; null: never scored. Kept by pgchurn.';
COMMENT ON COLUMN churn.customers.churn_model_version IS 'The version in churn.models that gave the score. Kept by pgchurn.';
COMMENT ON COLUMN churn.customers.churn_scored_at IS 'When the score was given. Kept by pgchurn.';
CREATE TRIGGER pgchurn_1_profile_insert AFTER INSERT ON churn.customers REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.profiles_changed_1();
COMMENT ON TRIGGER pgchurn_1_profile_insert ON churn.customers IS 'Counts the complaints of new profiles and scores them.';
CREATE TRIGGER pgchurn_1_profile_update AFTER UPDATE ON churn.customers REFERENCING OLD TABLE AS former NEW TABLE AS updated FOR EACH STATEMENT WHEN ((CURRENT_USER <> 'churn_owner'::text)) EXECUTE FUNCTION churn_internal.profiles_changed_1();
COMMENT ON TRIGGER pgchurn_1_profile_update ON churn.customers IS 'Scores profiles whose features changed.';

CREATE TABLE churn.deployments (
    deployment_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    version bigint NOT NULL,
    artifact_sha256 bytea NOT NULL,
    sole_version bigint GENERATED ALWAYS AS (
CASE
    WHEN (share IS NULL) THEN version
    ELSE NULL::bigint
END) STORED,
    arms bytea GENERATED ALWAYS AS (
CASE
    WHEN (share IS NULL) THEN artifact_sha256
    ELSE ((((((artifact_sha256 || challenger_sha256) || int8send(version)) || int8send(challenger)) || int8send(salt)) || int4send(share)) || COALESCE(int8send(experiment_id), '\x'::bytea))
END) STORED NOT NULL,
    action text NOT NULL,
    previous_deployment_id bigint,
    deployed_by name DEFAULT SESSION_USER NOT NULL,
    deployed_at timestamp with time zone DEFAULT now() NOT NULL,
    release_id bigint,
    challenger bigint,
    challenger_sha256 bytea,
    salt bigint,
    share integer,
    reason text,
    experiment_id bigint,
    CONSTRAINT deployments_pkey PRIMARY KEY (deployment_id),
    CONSTRAINT deployments_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES churn.attachments(attachment_id),
    CONSTRAINT deployments_challenger_fkey FOREIGN KEY (challenger) REFERENCES churn.models(version),
    CONSTRAINT deployments_previous_deployment_id_fkey FOREIGN KEY (previous_deployment_id) REFERENCES churn.deployments(deployment_id),
    CONSTRAINT deployments_version_fkey FOREIGN KEY (version) REFERENCES churn.models(version),
    CONSTRAINT deployments_action_check CHECK ((action = ANY (ARRAY['activate'::text, 'rollback'::text, 'release'::text, 'experiment'::text, 'cancel'::text, 'withdraw'::text]))),
    CONSTRAINT deployments_challenger_check CHECK (((num_nulls(challenger, challenger_sha256, salt) = ANY (ARRAY[0, 3])) AND ((challenger IS NOT NULL) = (action = ANY (ARRAY['release'::text, 'experiment'::text]))) AND ((challenger IS NOT NULL) OR (share IS NULL)) AND ((action <> 'experiment'::text) OR (ROW(experiment_id, share) IS NOT NULL)) AND ((num_nonnulls(release_id, experiment_id) = 1) OR (action = ANY (ARRAY['activate'::text, 'rollback'::text]))))),
    CONSTRAINT deployments_share_check CHECK (((share >= 1) AND (share <= 65535)))
);
CREATE INDEX deployments_attachment_idx ON churn.deployments USING btree (attachment_id, deployment_id);
ALTER TABLE churn.deployments OWNER TO churn_owner;
GRANT SELECT ON churn.deployments TO churn_loader;
GRANT SELECT ON churn.deployments TO churn_scorer;
COMMENT ON TABLE churn.deployments IS 'Which version scores an attachment: the latest row is in force. Append-only.';
COMMENT ON COLUMN churn.deployments.deployment_id IS 'Ascends in the order of commits.';
COMMENT ON COLUMN churn.deployments.attachment_id IS 'The attachment that is scored.';
COMMENT ON COLUMN churn.deployments.version IS 'The version that scores it.';
COMMENT ON COLUMN churn.deployments.artifact_sha256 IS 'Digest of that version''s artifact: what was loaded must be what was activated.';
COMMENT ON COLUMN churn.deployments.sole_version IS 'The version, where it scores all customers; null: a share of them is another''s.';
COMMENT ON COLUMN churn.deployments.arms IS 'Its digest; where a share is another''s, both digests, both versions, salt and share: 92 bytes; and in an experiment its number.';
COMMENT ON COLUMN churn.deployments.action IS 'activate, rollback, release (a step of one), experiment, or what ends one so that the version scores alone again: cancel, or withdraw, where a guardrail failed.';
COMMENT ON COLUMN churn.deployments.previous_deployment_id IS 'What a rollback from here puts in force again; null: nothing.';
COMMENT ON COLUMN churn.deployments.deployed_by IS 'Who said so.';
COMMENT ON COLUMN churn.deployments.deployed_at IS 'Since when.';
COMMENT ON COLUMN churn.deployments.release_id IS 'The release that this is a step or the end of; null: of none.';
COMMENT ON COLUMN churn.deployments.challenger IS 'The version that scores a share of the customers beside the other; null: there is none.';
COMMENT ON COLUMN churn.deployments.challenger_sha256 IS 'Digest of its artifact.';
COMMENT ON COLUMN churn.deployments.salt IS 'What is hashed with the key to tell which customers it scores: see churn_internal.in_arm.';
COMMENT ON COLUMN churn.deployments.share IS 'The share of the customers that it scores, in 65,536ths; null: it scores none.';
COMMENT ON COLUMN churn.deployments.reason IS 'Why a release or an experiment ended; null: nobody said so.';
COMMENT ON COLUMN churn.deployments.experiment_id IS 'The experiment that this is the beginning or the end of; null: of none.';
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON churn.deployments FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.refuse_change();
COMMENT ON TRIGGER refuse_change ON churn.deployments IS 'Keeps the history whole.';

CREATE TABLE churn.exposures (
    exposure_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    experiment_id bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    covariate double precision,
    exposed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT exposures_pkey PRIMARY KEY (exposure_id)
);
CREATE INDEX exposures_experiment_idx ON churn.exposures USING btree (experiment_id);
CREATE INDEX exposures_key_idx ON churn.exposures USING btree (attachment_id, key, experiment_id);
ALTER TABLE churn.exposures OWNER TO churn_owner;
GRANT SELECT ON churn.exposures TO churn_loader;
GRANT SELECT ON churn.exposures TO churn_scorer;
COMMENT ON TABLE churn.exposures IS 'When customers were first scored in an arm of an experiment: from then on they count in it, whatever version scores them later. Append-only.';
COMMENT ON COLUMN churn.exposures.exposure_id IS 'Tells exposures apart.';
COMMENT ON COLUMN churn.exposures.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.exposures.experiment_id IS 'The experiment: see churn.experiments.';
COMMENT ON COLUMN churn.exposures.key IS 'The profile row''s key, as text; when that changes, this does.';
COMMENT ON COLUMN churn.exposures.version IS 'The version that scores the customer''s arm.';
COMMENT ON COLUMN churn.exposures.covariate IS 'The champion''s score at that time, by either arm; null: it could not score the row.';
COMMENT ON COLUMN churn.exposures.exposed_at IS 'Since when the customer counts.';

CREATE TABLE churn.models (
    version bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    artifact bytea,
    artifact_sha256 bytea NOT NULL,
    compiled bytea,
    compiled_sha256 bytea,
    parity double precision,
    compilation text NOT NULL,
    explanation bytea,
    explanation_sha256 bytea,
    explanation_problem text,
    reference jsonb,
    reference_sha256 bytea,
    signature jsonb NOT NULL,
    metrics jsonb NOT NULL,
    environment jsonb NOT NULL,
    provenance jsonb NOT NULL,
    attestation text,
    attestation_signature bytea,
    attestation_key text,
    registered_by name DEFAULT SESSION_USER NOT NULL,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_by name,
    deleted_at timestamp with time zone,
    CONSTRAINT models_pkey PRIMARY KEY (version),
    CONSTRAINT models_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES churn.attachments(attachment_id),
    CONSTRAINT models_artifact_size CHECK (((octet_length(artifact) <= 268435456) AND (octet_length(artifact_sha256) = 32))),
    CONSTRAINT models_attestation_size CHECK (((octet_length(attestation) <= 1048576) AND (octet_length(attestation_signature) = 64) AND (octet_length(attestation_key) = 64))),
    CONSTRAINT models_check CHECK ((artifact_sha256 = sha256(artifact))),
    CONSTRAINT models_check1 CHECK (((compiled IS NULL) OR (compiled_sha256 = sha256(compiled)))),
    CONSTRAINT models_check2 CHECK ((num_nulls(compiled_sha256, parity) = ANY (ARRAY[0, 2]))),
    CONSTRAINT models_check3 CHECK (((explanation IS NULL) OR (explanation_sha256 = sha256(explanation)))),
    CONSTRAINT models_check4 CHECK ((num_nonnulls(explanation_sha256, explanation_problem) <= 1)),
    CONSTRAINT models_check5 CHECK ((num_nulls(deleted_by, deleted_at) = ANY (ARRAY[0, 2]))),
    CONSTRAINT models_check6 CHECK (
CASE
    WHEN (deleted_at IS NULL) THEN ((artifact IS NOT NULL) AND (num_nulls(compiled, parity) = ANY (ARRAY[0, 2])) AND (num_nulls(explanation, explanation_sha256) = ANY (ARRAY[0, 2])) AND (num_nulls(reference, reference_sha256) = ANY (ARRAY[0, 2])))
    ELSE (num_nulls(artifact, compiled, explanation, reference) = 4)
END),
    CONSTRAINT models_check7 CHECK ((num_nulls(attestation, attestation_signature, attestation_key) = ANY (ARRAY[0, 3]))),
    CONSTRAINT models_compiled_size CHECK (((octet_length(compiled) <= 67108864) AND (octet_length(compiled_sha256) = 32))),
    CONSTRAINT models_environment_size CHECK ((octet_length((environment)::text) <= 1048576)),
    CONSTRAINT models_explanation_size CHECK (((octet_length(explanation) <= 67108864) AND (octet_length(explanation_sha256) = 32))),
    CONSTRAINT models_reference_size CHECK (((octet_length((reference)::text) <= 67108864) AND (octet_length(reference_sha256) = 32))),
    CONSTRAINT models_signature_size CHECK ((octet_length((signature)::text) <= 1048576))
);
CREATE INDEX models_attachment_idx ON churn.models USING btree (attachment_id);
ALTER TABLE churn.models ALTER COLUMN artifact SET STORAGE EXTERNAL;
ALTER TABLE churn.models ALTER COLUMN compiled SET STORAGE EXTERNAL;
ALTER TABLE churn.models ALTER COLUMN explanation SET STORAGE EXTERNAL;
ALTER TABLE churn.models OWNER TO churn_owner;
COMMENT ON TABLE churn.models IS 'The registry: one immutable row for each version, written by churn.register_model. churn.delete_model alone takes something away.';
GRANT SELECT (version, attachment_id, artifact_sha256, compiled_sha256, parity, compilation, explanation_sha256, explanation_problem, reference_sha256, signature, metrics, environment, provenance, attestation, attestation_signature, attestation_key, registered_by, registered_at, deleted_by, deleted_at) ON churn.models TO churn_loader;
GRANT SELECT (version, attachment_id, artifact_sha256, compiled_sha256, parity, compilation, explanation_sha256, explanation_problem, reference_sha256, signature, metrics, environment, provenance, attestation, attestation_signature, attestation_key, registered_by, registered_at, deleted_by, deleted_at) ON churn.models TO churn_scorer;
COMMENT ON COLUMN churn.models.version IS 'The version''s number, never used twice.';
COMMENT ON COLUMN churn.models.attachment_id IS 'The attachment whose profile it scores.';
COMMENT ON COLUMN churn.models.artifact IS 'The pickled scikit-learn classifier; null: it was deleted.';
COMMENT ON COLUMN churn.models.artifact_sha256 IS 'Digest of the artifact.';
COMMENT ON COLUMN churn.models.compiled IS 'Its compiled form, which is what scores; null: the pickle scores, or it was deleted.';
COMMENT ON COLUMN churn.models.compiled_sha256 IS 'Digest of the compiled form; null: there never was one.';
COMMENT ON COLUMN churn.models.parity IS 'The largest difference of a probability between the two forms that was found.';
COMMENT ON COLUMN churn.models.compilation IS 'What the compiled form was compared on, or why there is none.';
COMMENT ON COLUMN churn.models.explanation IS 'The numbers that explaining its scores needs; null: there are none, or they were deleted.';
COMMENT ON COLUMN churn.models.explanation_sha256 IS 'Digest of the explanation form; null: there never was one.';
COMMENT ON COLUMN churn.models.explanation_problem IS 'Why its scores are not explained; null: they are.';
COMMENT ON COLUMN churn.models.reference IS 'What is typical of the rows that scores are explained by and that churn.monitor compares later ones with, with the mean contribution of each feature; null: there were none, or it was deleted.';
COMMENT ON COLUMN churn.models.reference_sha256 IS 'Digest of that, by churn_internal.reference_digest; null: there never was any.';
COMMENT ON COLUMN churn.models.signature IS 'Features by name, kind and order, which may be null, and the positive class.';
COMMENT ON COLUMN churn.models.metrics IS 'Figures of the held-out test split, or null.';
COMMENT ON COLUMN churn.models.environment IS 'Python and package versions it was pickled under.';
COMMENT ON COLUMN churn.models.provenance IS 'Where model and training data came from.';
COMMENT ON COLUMN churn.models.attestation IS 'What its signer states about it, as it was signed; null: it is not signed.';
COMMENT ON COLUMN churn.models.attestation_signature IS 'The Ed25519 signature of that.';
COMMENT ON COLUMN churn.models.attestation_key IS 'Fingerprint of the key that signed.';
COMMENT ON COLUMN churn.models.registered_by IS 'Who registered it.';
COMMENT ON COLUMN churn.models.registered_at IS 'When it was registered.';
COMMENT ON COLUMN churn.models.deleted_by IS 'Who deleted it; null: it is there.';
COMMENT ON COLUMN churn.models.deleted_at IS 'When its bytes were deleted; the row stays for what names the version.';
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON churn.models FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.refuse_change();
COMMENT ON TRIGGER refuse_change ON churn.models IS 'Keeps a version what it was.';

CREATE TABLE churn.monitor_results (
    result_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    version bigint,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    metric text NOT NULL,
    feature text,
    value double precision,
    lower double precision,
    upper double precision,
    "limit" double precision,
    n bigint NOT NULL,
    verdict text NOT NULL,
    detail text,
    measured_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT monitor_results_pkey PRIMARY KEY (result_id),
    CONSTRAINT monitor_results_check CHECK ((since < until)),
    CONSTRAINT monitor_results_n_check CHECK ((n >= 0)),
    CONSTRAINT monitor_results_verdict_check CHECK ((verdict = ANY (ARRAY['ok'::text, 'finding'::text, 'too few'::text, 'not judged'::text])))
);
CREATE INDEX monitor_results_window_idx ON churn.monitor_results USING btree (attachment_id, until, metric);
ALTER TABLE churn.monitor_results OWNER TO churn_owner;
GRANT SELECT ON churn.monitor_results TO churn_loader;
GRANT SELECT ON churn.monitor_results TO churn_scorer;
COMMENT ON TABLE churn.monitor_results IS 'What churn.monitor has measured: a row for each window of time, metric and feature.';
COMMENT ON COLUMN churn.monitor_results.result_id IS 'Tells results apart.';
COMMENT ON COLUMN churn.monitor_results.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.monitor_results.version IS 'The version whose scores were looked at; null: no version gave them.';
COMMENT ON COLUMN churn.monitor_results.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.monitor_results.until IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.monitor_results.metric IS 'What was measured; churn.monitor lists them.';
COMMENT ON COLUMN churn.monitor_results.feature IS 'Of which feature, or of which bin of scores; null: of none.';
COMMENT ON COLUMN churn.monitor_results.value IS 'What it was; null: it could not be measured.';
COMMENT ON COLUMN churn.monitor_results.lower IS 'Where the value is expected, or known to be: from here; null: not known.';
COMMENT ON COLUMN churn.monitor_results.upper IS 'To here; null: not known.';
COMMENT ON COLUMN churn.monitor_results."limit" IS 'From which value on it can be a finding; null: it is none.';
COMMENT ON COLUMN churn.monitor_results.n IS 'How many rows it was measured on.';
COMMENT ON COLUMN churn.monitor_results.verdict IS 'ok; finding: too large to be chance, and large enough to matter; too few: rows to tell; not judged: it is told for information.';
COMMENT ON COLUMN churn.monitor_results.detail IS 'The same in words; null: nothing to add.';
COMMENT ON COLUMN churn.monitor_results.measured_at IS 'When it was measured.';

CREATE TABLE churn.outbox (
    change_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    profile text NOT NULL,
    key text NOT NULL,
    former_score double precision,
    score double precision NOT NULL,
    former_version bigint,
    version bigint NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    cause text DEFAULT 'data'::text NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (change_id),
    CONSTRAINT outbox_cause_check CHECK ((cause = ANY (ARRAY['data'::text, 'version'::text])))
);
ALTER TABLE churn.outbox OWNER TO churn_owner;
GRANT SELECT ON churn.outbox TO churn_loader;
GRANT SELECT ON churn.outbox TO churn_scorer;
COMMENT ON TABLE churn.outbox IS 'Changes of scores, for consumers that must miss none: they read it by logical decoding, in the order of commits. churn.expire_outbox removes old rows.';
COMMENT ON COLUMN churn.outbox.change_id IS 'The key by which a consumer drops repeats; not in the order of commits.';
COMMENT ON COLUMN churn.outbox.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.outbox.profile IS 'The profile''s name at that time.';
COMMENT ON COLUMN churn.outbox.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn.outbox.former_score IS 'The score before; null: there was none.';
COMMENT ON COLUMN churn.outbox.score IS 'The score that was stored.';
COMMENT ON COLUMN churn.outbox.former_version IS 'The version that gave the score before.';
COMMENT ON COLUMN churn.outbox.version IS 'The version that gave the score.';
COMMENT ON COLUMN churn.outbox.scored_at IS 'When the score was given.';
COMMENT ON COLUMN churn.outbox.cause IS 'Why it may differ: version, another one than before has scored the customer; data, what is known of the customer.';

CREATE TABLE churn.outcomes (
    outcome_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    outcome boolean,
    known_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    recorded_by name DEFAULT SESSION_USER NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT outcomes_pkey PRIMARY KEY (outcome_id),
    CONSTRAINT outcomes_known_at_check CHECK ((known_at < 'infinity'::timestamp with time zone)),
    CONSTRAINT outcomes_source_check CHECK ((source = ANY (ARRAY['label'::text, 'call'::text])))
);
CREATE INDEX outcomes_key_idx ON churn.outcomes USING btree (attachment_id, key, known_at, outcome_id);
ALTER TABLE churn.outcomes OWNER TO churn_owner;
GRANT SELECT ON churn.outcomes TO churn_loader;
GRANT SELECT ON churn.outcomes TO churn_scorer;
COMMENT ON TABLE churn.outcomes IS 'What became of customers, as it became known: a label that is corrected, or set back to null, is another row. churn.expire_outcomes removes what no prediction needs any more.';
COMMENT ON COLUMN churn.outcomes.outcome_id IS 'Tells which of several that were known at the same time was recorded last.';
COMMENT ON COLUMN churn.outcomes.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.outcomes.key IS 'The profile row''s key, as text; when that changes, this does.';
COMMENT ON COLUMN churn.outcomes.outcome IS 'Whether the customer has left; null: what was known before is withdrawn.';
COMMENT ON COLUMN churn.outcomes.known_at IS 'Since when that is known; -infinity: since before all predictions.';
COMMENT ON COLUMN churn.outcomes.source IS 'label: the column that churn.set_outcome names; call: churn.record_outcome or churn.known_outcomes.';
COMMENT ON COLUMN churn.outcomes.recorded_by IS 'Who changed the label, or called.';
COMMENT ON COLUMN churn.outcomes.recorded_at IS 'When it was recorded.';

CREATE TABLE churn.predictions (
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    score double precision NOT NULL,
    features json NOT NULL,
    cause text NOT NULL,
    predicted_at timestamp with time zone NOT NULL
) PARTITION BY RANGE (predicted_at);
CREATE INDEX predictions_key_idx ON ONLY churn.predictions USING btree (attachment_id, key, predicted_at);
ALTER TABLE churn.predictions OWNER TO churn_owner;
GRANT SELECT ON churn.predictions TO churn_loader;
GRANT SELECT ON churn.predictions TO churn_scorer;
COMMENT ON TABLE churn.predictions IS 'Every score that was stored while churn.set_prediction_log had it logged, a partition for each month. churn.expire_predictions drops old ones and makes coming ones.';
COMMENT ON COLUMN churn.predictions.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.predictions.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn.predictions.version IS 'The version that gave the score.';
COMMENT ON COLUMN churn.predictions.score IS 'Probability of churn, 0 to 1.';
COMMENT ON COLUMN churn.predictions.features IS 'The feature values by name, of that version and of the others that there were.';
COMMENT ON COLUMN churn.predictions.cause IS 'What had it scored: complaint, profile (which is new or was updated), queue or batch.';
COMMENT ON COLUMN churn.predictions.predicted_at IS 'When the score was given, as in the profile''s churn_scored_at.';

CREATE TABLE churn.release_evidence (
    evidence_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    release_id bigint NOT NULL,
    step integer NOT NULL,
    measured_at timestamp with time zone NOT NULL,
    guardrail text NOT NULL,
    value double precision,
    lower double precision,
    upper double precision,
    "limit" double precision,
    n bigint NOT NULL,
    result text NOT NULL,
    detail text,
    CONSTRAINT release_evidence_pkey PRIMARY KEY (evidence_id),
    CONSTRAINT release_evidence_result_check CHECK ((result = ANY (ARRAY['success'::text, 'failure'::text, 'inconclusive'::text])))
);
CREATE INDEX release_evidence_release_idx ON churn.release_evidence USING btree (release_id, measured_at);
ALTER TABLE churn.release_evidence OWNER TO churn_owner;
GRANT SELECT ON churn.release_evidence TO churn_loader;
GRANT SELECT ON churn.release_evidence TO churn_scorer;
COMMENT ON TABLE churn.release_evidence IS 'What the guardrails of releases have measured, and what came of it. Append-only.';
COMMENT ON COLUMN churn.release_evidence.evidence_id IS 'Ascends.';
COMMENT ON COLUMN churn.release_evidence.release_id IS 'The release: see churn.releases.';
COMMENT ON COLUMN churn.release_evidence.step IS 'Which of its steps, from 1.';
COMMENT ON COLUMN churn.release_evidence.measured_at IS 'When it was measured.';
COMMENT ON COLUMN churn.release_evidence.guardrail IS 'What was measured; step: what the step has come to.';
COMMENT ON COLUMN churn.release_evidence.value IS 'What it was; null: it could not be measured.';
COMMENT ON COLUMN churn.release_evidence.lower IS 'Where the true value lies with a confidence of 99.9 %: from here; null: not known.';
COMMENT ON COLUMN churn.release_evidence.upper IS 'To here; null: not known.';
COMMENT ON COLUMN churn.release_evidence."limit" IS 'What it may be at most; null: anything.';
COMMENT ON COLUMN churn.release_evidence.n IS 'Of how many customers.';
COMMENT ON COLUMN churn.release_evidence.result IS 'success; failure: surely beyond the limit; inconclusive: nobody can tell yet.';
COMMENT ON COLUMN churn.release_evidence.detail IS 'The same in words; null: nothing to add.';
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON churn.release_evidence FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.refuse_change();
COMMENT ON TRIGGER refuse_change ON churn.release_evidence IS 'Keeps what was decided by.';

CREATE TABLE churn_internal.experiment_plans (
    experiment_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    champion bigint NOT NULL,
    challenger bigint NOT NULL,
    share integer NOT NULL,
    salt bigint NOT NULL,
    horizon interval NOT NULL,
    effect double precision NOT NULL,
    expected bigint NOT NULL,
    days double precision,
    started_by name DEFAULT SESSION_USER NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT experiment_plans_pkey PRIMARY KEY (experiment_id),
    CONSTRAINT experiment_plans_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES churn.attachments(attachment_id),
    CONSTRAINT experiment_plans_challenger_fkey FOREIGN KEY (challenger) REFERENCES churn.models(version),
    CONSTRAINT experiment_plans_champion_fkey FOREIGN KEY (champion) REFERENCES churn.models(version),
    CONSTRAINT experiment_plans_effect_check CHECK (((effect > (0)::double precision) AND (effect <= (1)::double precision))),
    CONSTRAINT experiment_plans_expected_check CHECK ((expected > 0)),
    CONSTRAINT experiment_plans_horizon_check CHECK ((horizon > '00:00:00'::interval)),
    CONSTRAINT experiment_plans_share_check CHECK (((share >= 1) AND (share <= 32768)))
);
ALTER TABLE churn_internal.experiment_plans OWNER TO churn_owner;
COMMENT ON TABLE churn_internal.experiment_plans IS 'Experiments as churn.start_experiment was asked for them; churn.experiments shows them.';
COMMENT ON COLUMN churn_internal.experiment_plans.experiment_id IS 'Ascends.';
COMMENT ON COLUMN churn_internal.experiment_plans.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.experiment_plans.champion IS 'The version in force at its start, which scores the other arm.';
COMMENT ON COLUMN churn_internal.experiment_plans.challenger IS 'The version that is tried.';
COMMENT ON COLUMN churn_internal.experiment_plans.share IS 'The share of the customers in each arm, in 65,536ths: the challenger''s are the first slots of churn_internal.in_arm''s hash, the champion''s as many of the last.';
COMMENT ON COLUMN churn_internal.experiment_plans.salt IS 'See churn_internal.in_arm.';
COMMENT ON COLUMN churn_internal.experiment_plans.horizon IS 'How long after the exposure a customer who leaves counts.';
COMMENT ON COLUMN churn_internal.experiment_plans.effect IS 'The part of those who would leave that is hoped to be kept.';
COMMENT ON COLUMN churn_internal.experiment_plans.expected IS 'How many customers of both arms it was planned for, to which the bounds are tuned.';
COMMENT ON COLUMN churn_internal.experiment_plans.days IS 'How many days it was expected to take; null: nobody estimated it.';
COMMENT ON COLUMN churn_internal.experiment_plans.started_by IS 'Who started it.';
COMMENT ON COLUMN churn_internal.experiment_plans.started_at IS 'When it was started.';

CREATE TABLE churn_internal.failed_profiles (
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint,
    sqlstate text,
    reason text,
    failures bigint DEFAULT 0 NOT NULL,
    first_failed_at timestamp with time zone,
    last_failed_at timestamp with time zone,
    enqueued_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    due_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    uncounted boolean DEFAULT false NOT NULL,
    CONSTRAINT failed_profiles_pkey PRIMARY KEY (attachment_id, key)
);
CREATE INDEX failed_profiles_due_idx ON churn_internal.failed_profiles USING btree (attachment_id, due_at);
ALTER TABLE churn_internal.failed_profiles OWNER TO churn_owner;
GRANT SELECT ON churn_internal.failed_profiles TO churn_loader;
GRANT SELECT ON churn_internal.failed_profiles TO churn_scorer;
COMMENT ON TABLE churn_internal.failed_profiles IS 'Customers without a score that is theirs: those whose last score failed, and those who changed in queued mode and have none. churn.work and churn.repair score them and delete their rows. A failure counts until the customer is scored after it.';
COMMENT ON COLUMN churn_internal.failed_profiles.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.failed_profiles.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn_internal.failed_profiles.version IS 'The version that failed, the last time.';
COMMENT ON COLUMN churn_internal.failed_profiles.sqlstate IS 'What kind of failure it was; null: it has not failed.';
COMMENT ON COLUMN churn_internal.failed_profiles.reason IS 'The message that came with it.';
COMMENT ON COLUMN churn_internal.failed_profiles.failures IS 'How often it failed; 0: the customer merely waits.';
COMMENT ON COLUMN churn_internal.failed_profiles.first_failed_at IS 'When it failed first.';
COMMENT ON COLUMN churn_internal.failed_profiles.last_failed_at IS 'When it failed last.';
COMMENT ON COLUMN churn_internal.failed_profiles.enqueued_at IS 'When the customer was enqueued, or failed first.';
COMMENT ON COLUMN churn_internal.failed_profiles.due_at IS 'When churn.work may try it: after a failure in ever longer pauses, an hour at most.';
COMMENT ON COLUMN churn_internal.failed_profiles.uncounted IS 'Whether the row itself was not written, so that complaints may be missing in it.';

CREATE TABLE churn_internal.learned_batches (
    stream_id bigint NOT NULL,
    "position" integer NOT NULL,
    decision text NOT NULL,
    reason text,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    last_digest text NOT NULL,
    known_until timestamp with time zone NOT NULL,
    n integer NOT NULL,
    churned integer NOT NULL,
    left_out integer NOT NULL,
    log_loss double precision,
    mean_score double precision,
    mean_shift double precision,
    step double precision,
    rows_sha256 bytea NOT NULL,
    state_sha256 bytea NOT NULL,
    state bytea,
    version bigint,
    artifact_sha256 bytea,
    decided_by name DEFAULT SESSION_USER NOT NULL,
    decided_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT learned_batches_pkey PRIMARY KEY (stream_id, "position"),
    CONSTRAINT learned_batches_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES churn_internal.learning_streams(stream_id),
    CONSTRAINT learned_batches_check CHECK (((decision = 'quarantined'::text) = (reason IS NOT NULL))),
    CONSTRAINT learned_batches_decision_check CHECK ((decision = ANY (ARRAY['learned'::text, 'quarantined'::text])))
);
ALTER TABLE churn_internal.learned_batches OWNER TO churn_owner;
COMMENT ON TABLE churn_internal.learned_batches IS 'What became of each batch of outcomes; churn.learning_batches shows it.';
COMMENT ON COLUMN churn_internal.learned_batches.stream_id IS 'See churn_internal.learning_streams.';
COMMENT ON COLUMN churn_internal.learned_batches."position" IS 'Which of the stream, from 1.';
COMMENT ON COLUMN churn_internal.learned_batches.decision IS 'learned or quarantined.';
COMMENT ON COLUMN churn_internal.learned_batches.reason IS 'Why it is quarantined; null: it is not.';
COMMENT ON COLUMN churn_internal.learned_batches.since IS 'When its first customer was scored.';
COMMENT ON COLUMN churn_internal.learned_batches.until IS 'When its last one was.';
COMMENT ON COLUMN churn_internal.learned_batches.last_digest IS 'MD5 of that one''s features, which sorts customers who were scored at the same time.';
COMMENT ON COLUMN churn_internal.learned_batches.known_until IS 'What was recorded of outcomes by then was learned.';
COMMENT ON COLUMN churn_internal.learned_batches.n IS 'How many customers it has.';
COMMENT ON COLUMN churn_internal.learned_batches.churned IS 'How many of them left.';
COMMENT ON COLUMN churn_internal.learned_batches.left_out IS 'How many others were left out: acted upon, or logged without a feature.';
COMMENT ON COLUMN churn_internal.learned_batches.log_loss IS 'Of the scores before it was learned; null: there are none.';
COMMENT ON COLUMN churn_internal.learned_batches.mean_score IS 'The mean of these scores.';
COMMENT ON COLUMN churn_internal.learned_batches.mean_shift IS 'By how much learning all of it moves that mean.';
COMMENT ON COLUMN churn_internal.learned_batches.step IS 'Which share of the step was taken, so that no score moves too far; null: none.';
COMMENT ON COLUMN churn_internal.learned_batches.rows_sha256 IS 'SHA-256 of its customers'' features and outcomes.';
COMMENT ON COLUMN churn_internal.learned_batches.state_sha256 IS 'SHA-256 of what is known after it.';
COMMENT ON COLUMN churn_internal.learned_batches.state IS 'What is known after it; null: after a later one, or nothing was learned yet.';
COMMENT ON COLUMN churn_internal.learned_batches.version IS 'The version that was registered after it; null: none.';
COMMENT ON COLUMN churn_internal.learned_batches.artifact_sha256 IS 'SHA-256 of its pickle.';
COMMENT ON COLUMN churn_internal.learned_batches.decided_by IS 'Who ran pgchurn learn.';
COMMENT ON COLUMN churn_internal.learned_batches.decided_at IS 'When.';

CREATE TABLE churn_internal.learning_streams (
    stream_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    base_version bigint NOT NULL,
    base_sha256 bytea NOT NULL,
    half_life interval NOT NULL,
    min_batch integer NOT NULL,
    horizon interval NOT NULL,
    since timestamp with time zone NOT NULL,
    started_by name DEFAULT SESSION_USER NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT learning_streams_pkey PRIMARY KEY (stream_id),
    CONSTRAINT learning_streams_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES churn.attachments(attachment_id),
    CONSTRAINT learning_streams_half_life_check CHECK ((half_life > '00:00:00'::interval)),
    CONSTRAINT learning_streams_min_batch_check CHECK (((min_batch >= 20) AND (min_batch <= 100000)))
);
CREATE UNIQUE INDEX learning_streams_attachment_idx ON churn_internal.learning_streams USING btree (attachment_id) WHERE (ended_at IS NULL);
ALTER TABLE churn_internal.learning_streams OWNER TO churn_owner;
COMMENT ON TABLE churn_internal.learning_streams IS 'What churn.set_learning was asked for; churn.learning shows it.';
COMMENT ON COLUMN churn_internal.learning_streams.stream_id IS 'Ascends.';
COMMENT ON COLUMN churn_internal.learning_streams.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.learning_streams.base_version IS 'The version from which learning starts.';
COMMENT ON COLUMN churn_internal.learning_streams.base_sha256 IS 'SHA-256 of its pickle.';
COMMENT ON COLUMN churn_internal.learning_streams.half_life IS 'After which time an outcome weighs half as much.';
COMMENT ON COLUMN churn_internal.learning_streams.min_batch IS 'Of how many customers a batch is.';
COMMENT ON COLUMN churn_internal.learning_streams.horizon IS 'That of the attachment when it was asked for.';
COMMENT ON COLUMN churn_internal.learning_streams.since IS 'From when on customers were scored whose outcomes are learned: of those before it the base version may know.';
COMMENT ON COLUMN churn_internal.learning_streams.started_by IS 'Who asked for it.';
COMMENT ON COLUMN churn_internal.learning_streams.started_at IS 'When.';
COMMENT ON COLUMN churn_internal.learning_streams.ended_at IS 'When another one took its place, or learning was switched off; null: it goes on.';

CREATE TABLE churn_internal.pending_profiles (
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    enqueued_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE INDEX pending_profiles_enqueued_idx ON churn_internal.pending_profiles USING btree (attachment_id, enqueued_at);
ALTER TABLE churn_internal.pending_profiles OWNER TO churn_owner;
GRANT SELECT ON churn_internal.pending_profiles TO churn_loader;
GRANT SELECT ON churn_internal.pending_profiles TO churn_scorer;
COMMENT ON TABLE churn_internal.pending_profiles IS 'Customers who changed in queued mode since they were scored. churn.work and churn.repair score them and delete their rows.';
COMMENT ON COLUMN churn_internal.pending_profiles.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.pending_profiles.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn_internal.pending_profiles.enqueued_at IS 'When the customer was enqueued.';

CREATE TABLE churn_internal.predictions_default PARTITION OF churn.predictions DEFAULT;
ALTER TABLE churn_internal.predictions_default OWNER TO churn_owner;
COMMENT ON TABLE churn_internal.predictions_default IS 'The net: what was logged in a month that no partition was made for.';
COMMENT ON COLUMN churn_internal.predictions_default.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.predictions_default.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn_internal.predictions_default.version IS 'The version that gave the score.';
COMMENT ON COLUMN churn_internal.predictions_default.score IS 'Probability of churn, 0 to 1.';
COMMENT ON COLUMN churn_internal.predictions_default.features IS 'The feature values by name, of that version and of the others that there were.';
COMMENT ON COLUMN churn_internal.predictions_default.cause IS 'What had it scored: complaint, profile (which is new or was updated), queue or batch.';
COMMENT ON COLUMN churn_internal.predictions_default.predicted_at IS 'When the score was given, as in the profile''s churn_scored_at.';

CREATE TABLE churn_internal.release_plans (
    release_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    champion bigint NOT NULL,
    challenger bigint NOT NULL,
    steps double precision[] NOT NULL,
    hold interval NOT NULL,
    min_customers integer NOT NULL,
    on_guardrail text NOT NULL,
    limits jsonb NOT NULL,
    allow_older boolean NOT NULL,
    allow_expired boolean NOT NULL,
    salt bigint NOT NULL,
    started_by name DEFAULT SESSION_USER NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    held_at timestamp with time zone,
    held_by name,
    held_reason text,
    measured_at timestamp with time zone,
    CONSTRAINT release_plans_pkey PRIMARY KEY (release_id),
    CONSTRAINT release_plans_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES churn.attachments(attachment_id),
    CONSTRAINT release_plans_challenger_fkey FOREIGN KEY (challenger) REFERENCES churn.models(version),
    CONSTRAINT release_plans_champion_fkey FOREIGN KEY (champion) REFERENCES churn.models(version),
    CONSTRAINT release_plans_check CHECK ((num_nulls(held_at, held_by) = ANY (ARRAY[0, 2]))),
    CONSTRAINT release_plans_on_guardrail_check CHECK ((on_guardrail = ANY (ARRAY['rollback'::text, 'hold'::text])))
);
ALTER TABLE churn_internal.release_plans OWNER TO churn_owner;
COMMENT ON TABLE churn_internal.release_plans IS 'Releases as churn.release was asked for them; churn.releases shows them.';
COMMENT ON COLUMN churn_internal.release_plans.release_id IS 'Ascends.';
COMMENT ON COLUMN churn_internal.release_plans.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.release_plans.champion IS 'The version in force at its start.';
COMMENT ON COLUMN churn_internal.release_plans.challenger IS 'The version that is released.';
COMMENT ON COLUMN churn_internal.release_plans.steps IS 'Percentages of the customers, ascending: 0 is a shadow, 100 an activation.';
COMMENT ON COLUMN churn_internal.release_plans.hold IS 'How long a step lasts at least.';
COMMENT ON COLUMN churn_internal.release_plans.min_customers IS 'How many customers a step scores at least before the next.';
COMMENT ON COLUMN churn_internal.release_plans.on_guardrail IS 'What a guardrail that fails leads to: rollback or hold.';
COMMENT ON COLUMN churn_internal.release_plans.limits IS 'Limits of guardrails, where they are not the usual ones.';
COMMENT ON COLUMN churn_internal.release_plans.allow_older IS 'Whether an older version may take the place of a newer one, as in churn.activate_model.';
COMMENT ON COLUMN churn_internal.release_plans.allow_expired IS 'Whether what was signed may have expired, as in churn.activate_model.';
COMMENT ON COLUMN churn_internal.release_plans.salt IS 'See churn_internal.in_arm.';
COMMENT ON COLUMN churn_internal.release_plans.started_by IS 'Who started it.';
COMMENT ON COLUMN churn_internal.release_plans.started_at IS 'When it was started.';
COMMENT ON COLUMN churn_internal.release_plans.held_at IS 'Since when it is held at its step; null: it is not.';
COMMENT ON COLUMN churn_internal.release_plans.held_by IS 'Who holds it.';
COMMENT ON COLUMN churn_internal.release_plans.held_reason IS 'Why; null: nobody said so.';
COMMENT ON COLUMN churn_internal.release_plans.measured_at IS 'When its guardrails were measured last.';

CREATE TABLE churn_internal.rescore_ranges (
    run_id bigint NOT NULL,
    range_number integer NOT NULL,
    after_key text,
    through_key text,
    rows_done bigint DEFAULT 0 NOT NULL,
    worked interval DEFAULT '00:00:00'::interval NOT NULL,
    finished boolean DEFAULT false NOT NULL,
    CONSTRAINT rescore_ranges_pkey PRIMARY KEY (run_id, range_number),
    CONSTRAINT rescore_ranges_run_id_fkey FOREIGN KEY (run_id) REFERENCES churn_internal.rescore_runs(run_id)
);
ALTER TABLE churn_internal.rescore_ranges OWNER TO churn_owner;
COMMENT ON TABLE churn_internal.rescore_ranges IS 'The ranges of keys of unfinished runs. A worker holds the lock of a row while it scores the next batch of its range.';
COMMENT ON COLUMN churn_internal.rescore_ranges.run_id IS 'The run.';
COMMENT ON COLUMN churn_internal.rescore_ranges.range_number IS 'Ascends with the keys, from 1.';
COMMENT ON COLUMN churn_internal.rescore_ranges.after_key IS 'What is left begins after this key; null: with the first.';
COMMENT ON COLUMN churn_internal.rescore_ranges.through_key IS 'The last key of the range; null: there is none.';
COMMENT ON COLUMN churn_internal.rescore_ranges.rows_done IS 'How many rows were done.';
COMMENT ON COLUMN churn_internal.rescore_ranges.worked IS 'How long workers were at it, waits for a limited rate included.';
COMMENT ON COLUMN churn_internal.rescore_ranges.finished IS 'Whether nothing is left.';

CREATE TABLE churn_internal.rescore_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    deployment_id bigint NOT NULL,
    key_order text NOT NULL,
    rows_expected bigint NOT NULL,
    rows_done bigint,
    next_batch_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    started_by name DEFAULT SESSION_USER NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    outcome text,
    CONSTRAINT rescore_runs_pkey PRIMARY KEY (run_id),
    CONSTRAINT rescore_runs_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES churn.attachments(attachment_id),
    CONSTRAINT rescore_runs_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES churn.deployments(deployment_id),
    CONSTRAINT rescore_runs_check CHECK ((num_nulls(rows_done, ended_at, outcome) = ANY (ARRAY[0, 3]))),
    CONSTRAINT rescore_runs_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'abandoned'::text])))
);
CREATE UNIQUE INDEX rescore_runs_unfinished_idx ON churn_internal.rescore_runs USING btree (attachment_id) WHERE (ended_at IS NULL);
ALTER TABLE churn_internal.rescore_runs OWNER TO churn_owner;
COMMENT ON TABLE churn_internal.rescore_runs IS 'Each time that a whole table was scored, or is to be: one of an attachment at most is unfinished.';
COMMENT ON COLUMN churn_internal.rescore_runs.run_id IS 'Ascends.';
COMMENT ON COLUMN churn_internal.rescore_runs.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.rescore_runs.deployment_id IS 'The deployment whose version scores; after another one the run begins anew.';
COMMENT ON COLUMN churn_internal.rescore_runs.key_order IS 'Type and collation of the key: its ranges hold in no other order.';
COMMENT ON COLUMN churn_internal.rescore_runs.rows_expected IS 'How many rows there were at the start, estimated from a sample if they are many.';
COMMENT ON COLUMN churn_internal.rescore_runs.rows_done IS 'How many rows were done when it ended.';
COMMENT ON COLUMN churn_internal.rescore_runs.next_batch_at IS 'When the next batch may begin, where rows per second are limited.';
COMMENT ON COLUMN churn_internal.rescore_runs.started_by IS 'Who started it.';
COMMENT ON COLUMN churn_internal.rescore_runs.started_at IS 'When it was started.';
COMMENT ON COLUMN churn_internal.rescore_runs.ended_at IS 'When it ended; null: it is unfinished.';
COMMENT ON COLUMN churn_internal.rescore_runs.outcome IS 'done, or abandoned for another run or because the table was detached.';

CREATE TABLE churn_internal.retraining_plans (
    attachment_id integer NOT NULL,
    every interval,
    min_new_outcomes bigint,
    on_drift boolean NOT NULL,
    on_performance boolean NOT NULL,
    training_window interval,
    set_by name DEFAULT SESSION_USER NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT retraining_plans_pkey PRIMARY KEY (attachment_id),
    CONSTRAINT retraining_plans_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES churn.attachments(attachment_id),
    CONSTRAINT retraining_plans_every_check CHECK ((every > '00:00:00'::interval)),
    CONSTRAINT retraining_plans_min_new_outcomes_check CHECK ((min_new_outcomes >= 1)),
    CONSTRAINT retraining_plans_training_window_check CHECK ((training_window > '00:00:00'::interval))
);
ALTER TABLE churn_internal.retraining_plans OWNER TO churn_owner;
COMMENT ON TABLE churn_internal.retraining_plans IS 'When profiles are retrained, as churn.set_retraining was told; churn.retraining_policies shows them.';
COMMENT ON COLUMN churn_internal.retraining_plans.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.retraining_plans.every IS 'How long after the last time; null: time alone does not ask for it.';
COMMENT ON COLUMN churn_internal.retraining_plans.min_new_outcomes IS 'Of how many customers more it has to be known what became of them; null: of any.';
COMMENT ON COLUMN churn_internal.retraining_plans.on_drift IS 'Whether alerts on features and scores ask for it.';
COMMENT ON COLUMN churn_internal.retraining_plans.on_performance IS 'Whether alerts on performance and calibration do.';
COMMENT ON COLUMN churn_internal.retraining_plans.training_window IS 'Over how long a time the customers were scored who are trained on; null: any.';
COMMENT ON COLUMN churn_internal.retraining_plans.set_by IS 'Who said so.';
COMMENT ON COLUMN churn_internal.retraining_plans.set_at IS 'When.';

CREATE TABLE churn_internal.retrainings (
    request_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    attachment_id integer NOT NULL,
    reason text NOT NULL,
    alerts bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    training_window interval,
    requested_by name DEFAULT SESSION_USER NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    taken_by name,
    taken_at timestamp with time zone,
    known_until timestamp with time zone,
    waiting text,
    version bigint,
    finished_at timestamp with time zone,
    decision text,
    decision_reason text,
    release_id bigint,
    evidence jsonb,
    CONSTRAINT retrainings_pkey PRIMARY KEY (request_id),
    CONSTRAINT retrainings_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES churn.attachments(attachment_id),
    CONSTRAINT retrainings_check CHECK ((num_nulls(finished_at, decision, decision_reason) = ANY (ARRAY[0, 3]))),
    CONSTRAINT retrainings_check1 CHECK (((decision = 'released'::text) = (release_id IS NOT NULL))),
    CONSTRAINT retrainings_decision_check CHECK ((decision = ANY (ARRAY['released'::text, 'kept'::text, 'cancelled'::text])))
);
CREATE UNIQUE INDEX retrainings_open_idx ON churn_internal.retrainings USING btree (attachment_id) WHERE (finished_at IS NULL);
ALTER TABLE churn_internal.retrainings OWNER TO churn_owner;
COMMENT ON TABLE churn_internal.retrainings IS 'Retrainings that were asked for, and what was decided; churn.retraining_requests shows them.';
COMMENT ON COLUMN churn_internal.retrainings.request_id IS 'Ascends.';
COMMENT ON COLUMN churn_internal.retrainings.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.retrainings.reason IS 'Why it was asked for.';
COMMENT ON COLUMN churn_internal.retrainings.alerts IS 'The alerts that asked for it: none of them asks twice.';
COMMENT ON COLUMN churn_internal.retrainings.training_window IS 'As the policy had it when it was asked for.';
COMMENT ON COLUMN churn_internal.retrainings.requested_by IS 'Who asked.';
COMMENT ON COLUMN churn_internal.retrainings.requested_at IS 'When.';
COMMENT ON COLUMN churn_internal.retrainings.attempts IS 'How often it was taken. Who took it writes only while this is what it was then.';
COMMENT ON COLUMN churn_internal.retrainings.taken_by IS 'Who took it last.';
COMMENT ON COLUMN churn_internal.retrainings.taken_at IS 'When.';
COMMENT ON COLUMN churn_internal.retrainings.known_until IS 'What was known by then is trained and compared on; it stays when it is taken up again after a kill.';
COMMENT ON COLUMN churn_internal.retrainings.waiting IS 'What it waits for, or what the last attempt has failed by; null: nothing.';
COMMENT ON COLUMN churn_internal.retrainings.version IS 'The version that was registered for it; null: none yet.';
COMMENT ON COLUMN churn_internal.retrainings.finished_at IS 'When it ended; null: it is open.';
COMMENT ON COLUMN churn_internal.retrainings.decision IS 'released, kept (the version in force stays), or cancelled; null: it is open.';
COMMENT ON COLUMN churn_internal.retrainings.decision_reason IS 'Why, in words.';
COMMENT ON COLUMN churn_internal.retrainings.release_id IS 'The release that was started; null: none was.';
COMMENT ON COLUMN churn_internal.retrainings.evidence IS 'What it was decided by: cohorts, comparison, calibration.';

CREATE TABLE churn_migrations.alembic_version (
    version_num character varying(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
COMMENT ON TABLE churn_migrations.alembic_version IS 'The revision of pgchurn that the database is at.';
COMMENT ON COLUMN churn_migrations.alembic_version.version_num IS 'Its name.';

CREATE TABLE churn_trust.allowed_pickles (
    artifact_sha256 bytea NOT NULL,
    comment text NOT NULL,
    allowed_by name DEFAULT SESSION_USER NOT NULL,
    allowed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT allowed_pickles_pkey PRIMARY KEY (artifact_sha256)
);
COMMENT ON TABLE churn_trust.allowed_pickles IS 'Pickles that may score without a compiled form though no trusted key has signed them.';
COMMENT ON COLUMN churn_trust.allowed_pickles.artifact_sha256 IS 'Digest of the pickle.';
COMMENT ON COLUMN churn_trust.allowed_pickles.comment IS 'Why it is allowed.';
COMMENT ON COLUMN churn_trust.allowed_pickles.allowed_by IS 'The superuser who allowed it.';
COMMENT ON COLUMN churn_trust.allowed_pickles.allowed_at IS 'When it was allowed.';
CREATE TRIGGER refuse_pickle_change BEFORE INSERT OR DELETE OR UPDATE ON churn_trust.allowed_pickles FOR EACH ROW EXECUTE FUNCTION churn_trust.refuse_trust_change();
ALTER TABLE churn_trust.allowed_pickles ENABLE ALWAYS TRIGGER refuse_pickle_change;
COMMENT ON TRIGGER refuse_pickle_change ON churn_trust.allowed_pickles IS 'Lets superusers alone change a row.';
CREATE TRIGGER refuse_pickle_truncation BEFORE TRUNCATE ON churn_trust.allowed_pickles FOR EACH STATEMENT EXECUTE FUNCTION churn_trust.refuse_trust_change();
ALTER TABLE churn_trust.allowed_pickles ENABLE ALWAYS TRIGGER refuse_pickle_truncation;
COMMENT ON TRIGGER refuse_pickle_truncation ON churn_trust.allowed_pickles IS 'Lets superusers alone empty the table.';

CREATE TABLE churn_trust.trusted_keys (
    fingerprint text NOT NULL,
    public_key bytea NOT NULL,
    comment text NOT NULL,
    added_by name DEFAULT SESSION_USER NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT trusted_keys_pkey PRIMARY KEY (fingerprint),
    CONSTRAINT trusted_keys_public_key_check CHECK ((length(public_key) = 32))
);
GRANT SELECT ON churn_trust.trusted_keys TO churn_owner;
COMMENT ON TABLE churn_trust.trusted_keys IS 'The Ed25519 keys that may sign models. While one is in force, unsigned models neither register nor score.';
COMMENT ON COLUMN churn_trust.trusted_keys.fingerprint IS 'SHA-256 of the key as DER SubjectPublicKeyInfo, in hexadecimal digits.';
COMMENT ON COLUMN churn_trust.trusted_keys.public_key IS 'The 32 bytes of RFC 8032.';
COMMENT ON COLUMN churn_trust.trusted_keys.comment IS 'Whose key it is.';
COMMENT ON COLUMN churn_trust.trusted_keys.added_by IS 'Who trusted it.';
COMMENT ON COLUMN churn_trust.trusted_keys.added_at IS 'When it was trusted.';
COMMENT ON COLUMN churn_trust.trusted_keys.revoked_at IS 'When the trust ended; null: the key is in force.';
CREATE TRIGGER refuse_key_change BEFORE INSERT OR DELETE OR UPDATE ON churn_trust.trusted_keys FOR EACH ROW EXECUTE FUNCTION churn_trust.refuse_trust_change();
ALTER TABLE churn_trust.trusted_keys ENABLE ALWAYS TRIGGER refuse_key_change;
COMMENT ON TRIGGER refuse_key_change ON churn_trust.trusted_keys IS 'Lets superusers alone change a row.';
CREATE TRIGGER refuse_key_truncation BEFORE TRUNCATE ON churn_trust.trusted_keys FOR EACH STATEMENT EXECUTE FUNCTION churn_trust.refuse_trust_change();
ALTER TABLE churn_trust.trusted_keys ENABLE ALWAYS TRIGGER refuse_key_truncation;
COMMENT ON TRIGGER refuse_key_truncation ON churn_trust.trusted_keys IS 'Lets superusers alone empty the table.';

CREATE VIEW churn.active_deployments AS SELECT
    NULL::integer AS attachment_id,
    NULL::regclass AS profile,
    NULL::bigint AS version,
    NULL::bytea AS artifact_sha256,
    NULL::bigint AS deployment_id,
    NULL::name AS deployed_by,
    NULL::timestamp with time zone AS deployed_at;
ALTER VIEW churn.active_deployments OWNER TO churn_owner;
GRANT SELECT ON churn.active_deployments TO churn_loader;
GRANT SELECT ON churn.active_deployments TO churn_scorer;
COMMENT ON VIEW churn.active_deployments IS 'The version in force for each attachment.';

CREATE VIEW churn.calibration AS SELECT
    NULL::timestamp with time zone AS "time",
    NULL::timestamp with time zone AS since,
    NULL::regclass AS profile,
    NULL::bigint AS version,
    NULL::text AS customers,
    NULL::text AS bin,
    NULL::double precision AS score,
    NULL::double precision AS left_share,
    NULL::double precision AS lower,
    NULL::double precision AS upper,
    NULL::double precision AS difference,
    NULL::double precision AS "limit",
    NULL::bigint AS n,
    NULL::text AS verdict,
    NULL::text AS detail;
ALTER VIEW churn.calibration OWNER TO churn_owner;
GRANT SELECT ON churn.calibration TO churn_loader;
GRANT SELECT ON churn.calibration TO churn_scorer;
COMMENT ON VIEW churn.calibration IS 'Whether as many customers left as their scores say, window by window of churn.monitor: one row for each tenth of the scores, and one for all of them; with those who were acted upon and without.';
COMMENT ON COLUMN churn.calibration."time" IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.calibration.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.calibration.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.calibration.version IS 'The version that gave the scores.';
COMMENT ON COLUMN churn.calibration.customers IS 'Of whom: not acted upon, who are judged, or all.';
COMMENT ON COLUMN churn.calibration.bin IS 'The scores from and below which; null: all scores.';
COMMENT ON COLUMN churn.calibration.score IS 'The mean score; null: not mature yet.';
COMMENT ON COLUMN churn.calibration.left_share IS 'The share who left.';
COMMENT ON COLUMN churn.calibration.lower IS 'That share is known to be from here: Wilson''s score interval of 95%.';
COMMENT ON COLUMN churn.calibration.upper IS 'To here.';
COMMENT ON COLUMN churn.calibration.difference IS 'The share who left, less the mean score.';
COMMENT ON COLUMN churn.calibration."limit" IS 'From which difference on it is a finding; null: it is never.';
COMMENT ON COLUMN churn.calibration.n IS 'How many customers it was measured on.';
COMMENT ON COLUMN churn.calibration.verdict IS 'ok; finding: too many or too few of all left to be chance; too few: customers to tell; not judged: it is told for information, or not mature.';
COMMENT ON COLUMN churn.calibration.detail IS 'The same in words, or when it will be mature; null: nothing to add.';

CREATE VIEW churn.data_quality AS SELECT
    NULL::timestamp with time zone AS "time",
    NULL::timestamp with time zone AS since,
    NULL::regclass AS profile,
    NULL::bigint AS version,
    NULL::text AS metric,
    NULL::text AS feature,
    NULL::double precision AS value,
    NULL::double precision AS lower,
    NULL::double precision AS upper,
    NULL::double precision AS "limit",
    NULL::bigint AS n,
    NULL::text AS verdict,
    NULL::text AS detail;
ALTER VIEW churn.data_quality OWNER TO churn_owner;
GRANT SELECT ON churn.data_quality TO churn_loader;
GRANT SELECT ON churn.data_quality TO churn_scorer;
COMMENT ON VIEW churn.data_quality IS 'Which share of inputs is null, of a category that was not there when a version was registered, or out of the range that numbers had then: a row for each window of churn.monitor, version, feature and metric, the last window first, and of that findings.';
COMMENT ON COLUMN churn.data_quality."time" IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.data_quality.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.data_quality.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.data_quality.version IS 'The version that was given these values.';
COMMENT ON COLUMN churn.data_quality.metric IS 'null_rate; unseen_rate of texts and out_of_range_rate of numbers, of those that are known.';
COMMENT ON COLUMN churn.data_quality.feature IS 'The feature''s name.';
COMMENT ON COLUMN churn.data_quality.value IS 'The share, 0 to 1; null: it was not measured.';
COMMENT ON COLUMN churn.data_quality.lower IS 'From here to upper it may be by chance, going by the reference.';
COMMENT ON COLUMN churn.data_quality.upper IS 'See lower.';
COMMENT ON COLUMN churn.data_quality."limit" IS 'From which share on it is a finding; null: no share of so few rows is, or none at all.';
COMMENT ON COLUMN churn.data_quality.n IS 'Of how many rows it is the share.';
COMMENT ON COLUMN churn.data_quality.verdict IS 'ok; finding: it reached the limit; too few: rows to tell; not judged: see detail.';
COMMENT ON COLUMN churn.data_quality.detail IS 'The finding in words; else what it takes to tell, or why that cannot be told.';

CREATE VIEW churn.drift AS SELECT
    NULL::timestamp with time zone AS "time",
    NULL::timestamp with time zone AS since,
    NULL::regclass AS profile,
    NULL::bigint AS version,
    NULL::text AS feature,
    NULL::double precision AS value,
    NULL::double precision AS "limit",
    NULL::bigint AS n,
    NULL::text AS verdict,
    NULL::text AS detail;
ALTER VIEW churn.drift OWNER TO churn_owner;
GRANT SELECT ON churn.drift TO churn_loader;
GRANT SELECT ON churn.drift TO churn_scorer;
COMMENT ON VIEW churn.drift IS 'Whether inputs are distributed as when a version was registered: a row for each window of churn.monitor, version and feature, the last window first, and of that the features with findings, then those of which drift times importance is largest.';
COMMENT ON COLUMN churn.drift."time" IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.drift.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.drift.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.drift.version IS 'The version that was given these values.';
COMMENT ON COLUMN churn.drift.feature IS 'The feature''s name.';
COMMENT ON COLUMN churn.drift.value IS 'Population stability index against the version''s reference, nulls being one of the bins; null: there was nothing to compare.';
COMMENT ON COLUMN churn.drift."limit" IS 'From which value on it can be a finding.';
COMMENT ON COLUMN churn.drift.n IS 'How many rows there were.';
COMMENT ON COLUMN churn.drift.verdict IS 'ok; finding: it reached the limit, and not by chance; too few: rows to tell.';
COMMENT ON COLUMN churn.drift.detail IS 'Of a finding which values have become more or less frequent the most; else what it takes to tell.';

CREATE VIEW churn.experiments AS SELECT
    NULL::bigint AS experiment_id,
    NULL::regclass AS profile,
    NULL::bigint AS champion,
    NULL::bigint AS challenger,
    NULL::text AS state,
    NULL::double precision AS share,
    NULL::interval AS horizon,
    NULL::bigint AS expected,
    NULL::double precision AS days,
    NULL::bigint AS champion_customers,
    NULL::bigint AS challenger_customers,
    NULL::double precision AS sample_ratio,
    NULL::boolean AS ratio_mismatch,
    NULL::bigint AS champion_known,
    NULL::bigint AS challenger_known,
    NULL::bigint AS champion_left,
    NULL::bigint AS challenger_left,
    NULL::double precision AS difference,
    NULL::double precision AS lower,
    NULL::double precision AS upper,
    NULL::text AS verdict,
    NULL::text AS missing,
    NULL::name AS started_by,
    NULL::timestamp with time zone AS started_at,
    NULL::timestamp with time zone AS ended_at,
    NULL::text AS reason;
ALTER VIEW churn.experiments OWNER TO churn_owner;
GRANT SELECT ON churn.experiments TO churn_loader;
GRANT SELECT ON churn.experiments TO churn_scorer;
COMMENT ON VIEW churn.experiments IS 'Every experiment: whom its arms have got, what became of them, and which version loses fewer customers. Looking daily is safe.';
COMMENT ON COLUMN churn.experiments.experiment_id IS 'The number that churn.start_experiment returned.';
COMMENT ON COLUMN churn.experiments.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.experiments.champion IS 'The version in force at its start.';
COMMENT ON COLUMN churn.experiments.challenger IS 'The version that is compared with it.';
COMMENT ON COLUMN churn.experiments.state IS 'under way or ended.';
COMMENT ON COLUMN churn.experiments.share IS 'Percent of the customers in each of the two arms.';
COMMENT ON COLUMN churn.experiments.horizon IS 'How long after the exposure a customer who leaves counts.';
COMMENT ON COLUMN churn.experiments.expected IS 'How many customers of both arms it is planned for.';
COMMENT ON COLUMN churn.experiments.days IS 'How many days it was expected to take; null: nobody estimated it.';
COMMENT ON COLUMN churn.experiments.champion_customers IS 'How many of the champion''s arm have been scored.';
COMMENT ON COLUMN churn.experiments.challenger_customers IS 'How many of the challenger''s arm have been scored.';
COMMENT ON COLUMN churn.experiments.sample_ratio IS 'The challenger''s part of both: 0.5, but for chance; null: there are none.';
COMMENT ON COLUMN churn.experiments.ratio_mismatch IS 'Whether that is surely not by chance: then nothing is to be concluded.';
COMMENT ON COLUMN churn.experiments.champion_known IS 'Of how many of the champion''s it is known what became of them: their horizon has passed, and they had not left before.';
COMMENT ON COLUMN churn.experiments.challenger_known IS 'The same of the challenger''s.';
COMMENT ON COLUMN churn.experiments.champion_left IS 'How many of these left.';
COMMENT ON COLUMN churn.experiments.challenger_left IS 'The same of the challenger''s.';
COMMENT ON COLUMN churn.experiments.difference IS 'How much larger the challenger''s share of customers who left is, given what the champion said of both arms; below 0 where it is better. Null: an arm is empty.';
COMMENT ON COLUMN churn.experiments.lower IS 'The true difference is from here, with a confidence of 95 % at all times at once.';
COMMENT ON COLUMN churn.experiments.upper IS 'And to here.';
COMMENT ON COLUMN churn.experiments.verdict IS 'challenger better, champion better, undecided, or that the arms are not of the same size.';
COMMENT ON COLUMN churn.experiments.missing IS 'What a verdict waits for; null: nothing, or it has ended.';
COMMENT ON COLUMN churn.experiments.started_by IS 'Who started it.';
COMMENT ON COLUMN churn.experiments.started_at IS 'When it was started.';
COMMENT ON COLUMN churn.experiments.ended_at IS 'When it ended; null: it is under way.';
COMMENT ON COLUMN churn.experiments.reason IS 'Why it ended; null: nobody said so.';

CREATE VIEW churn.health AS SELECT
    NULL::regclass AS profile,
    NULL::text AS on_error,
    NULL::interval AS score_timeout,
    NULL::bigint AS active_version,
    NULL::bigint AS failed_version,
    NULL::text AS sqlstate,
    NULL::text AS reason,
    NULL::bigint AS customers,
    NULL::bigint AS waiting,
    NULL::numeric AS failures,
    NULL::timestamp with time zone AS first_failed_at,
    NULL::timestamp with time zone AS last_failed_at,
    NULL::bigint AS open_alerts;
ALTER VIEW churn.health OWNER TO churn_owner;
GRANT SELECT ON churn.health TO churn_loader;
GRANT SELECT ON churn.health TO churn_scorer;
COMMENT ON VIEW churn.health IS 'What failed to be scored, when and how often: one row for each reason, or one without a reason for an attachment where nothing failed.';
COMMENT ON COLUMN churn.health.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.health.on_error IS 'Its failure policy, keep or raise.';
COMMENT ON COLUMN churn.health.score_timeout IS 'How long one call of its model may take.';
COMMENT ON COLUMN churn.health.active_version IS 'The version that scores; null: none.';
COMMENT ON COLUMN churn.health.failed_version IS 'The version that failed.';
COMMENT ON COLUMN churn.health.sqlstate IS 'What kind of failure it was.';
COMMENT ON COLUMN churn.health.reason IS 'The message that came with it.';
COMMENT ON COLUMN churn.health.customers IS 'How many customers it met.';
COMMENT ON COLUMN churn.health.waiting IS 'How many of them were not scored since; churn.repair scores them again.';
COMMENT ON COLUMN churn.health.failures IS 'How often it failed.';
COMMENT ON COLUMN churn.health.first_failed_at IS 'When it failed first.';
COMMENT ON COLUMN churn.health.last_failed_at IS 'When it failed last.';
COMMENT ON COLUMN churn.health.open_alerts IS 'How many alerts of the table are open, whatever its failures; see churn.open_alerts.';

CREATE VIEW churn.known_outcomes AS SELECT
    NULL::regclass AS profile,
    NULL::text AS key,
    NULL::boolean AS outcome,
    NULL::timestamp with time zone AS known_at;
ALTER VIEW churn.known_outcomes OWNER TO churn_owner;
GRANT INSERT, SELECT ON churn.known_outcomes TO churn_loader;
GRANT SELECT ON churn.known_outcomes TO churn_scorer;
COMMENT ON VIEW churn.known_outcomes IS 'What became of customers, to be read, and to be written by INSERT and COPY as by churn.record_outcome.';
COMMENT ON COLUMN churn.known_outcomes.profile IS 'The profile table.';
COMMENT ON COLUMN churn.known_outcomes.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn.known_outcomes.outcome IS 'Whether the customer has left; null: what was known before is withdrawn.';
COMMENT ON COLUMN churn.known_outcomes.known_at IS 'Since when that is known; left out of an INSERT: since now.';

CREATE VIEW churn.latest_results AS SELECT
    NULL::timestamp with time zone AS "time",
    NULL::regclass AS profile,
    NULL::timestamp with time zone AS since,
    NULL::bigint AS version,
    NULL::text AS metric,
    NULL::text AS feature,
    NULL::double precision AS value,
    NULL::double precision AS lower,
    NULL::double precision AS upper,
    NULL::double precision AS "limit",
    NULL::bigint AS n,
    NULL::text AS verdict,
    NULL::text AS detail;
ALTER VIEW churn.latest_results OWNER TO churn_owner;
GRANT SELECT ON churn.latest_results TO churn_loader;
GRANT SELECT ON churn.latest_results TO churn_scorer;
COMMENT ON VIEW churn.latest_results IS 'What churn.monitor has measured last: of the newest window, and what needs outcomes of the newest that was mature.';
COMMENT ON COLUMN churn.latest_results."time" IS 'The end of the window.';
COMMENT ON COLUMN churn.latest_results.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.latest_results.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.latest_results.version IS 'The version whose scores were looked at; null: no version gave them.';
COMMENT ON COLUMN churn.latest_results.metric IS 'What was measured.';
COMMENT ON COLUMN churn.latest_results.feature IS 'Of which feature, or of which bin of scores; null: of none.';
COMMENT ON COLUMN churn.latest_results.value IS 'What it was; null: it could not be measured.';
COMMENT ON COLUMN churn.latest_results.lower IS 'Where the value is expected, or known to be: from here; null: not known.';
COMMENT ON COLUMN churn.latest_results.upper IS 'To here; null: not known.';
COMMENT ON COLUMN churn.latest_results."limit" IS 'From which value on it can be a finding; null: it is none.';
COMMENT ON COLUMN churn.latest_results.n IS 'How many rows it was measured on.';
COMMENT ON COLUMN churn.latest_results.verdict IS 'ok, finding, too few or not judged.';
COMMENT ON COLUMN churn.latest_results.detail IS 'The same in words; null: nothing to add.';

CREATE VIEW churn.learning AS SELECT
    NULL::bigint AS stream_id,
    NULL::regclass AS profile,
    NULL::bigint AS base_version,
    NULL::interval AS half_life,
    NULL::integer AS min_batch,
    NULL::timestamp with time zone AS since,
    NULL::bigint AS learned,
    NULL::bigint AS quarantined,
    NULL::bigint AS in_a_row,
    NULL::timestamp with time zone AS learned_until,
    NULL::bigint AS version,
    NULL::name AS started_by,
    NULL::timestamp with time zone AS started_at,
    NULL::timestamp with time zone AS ended_at;
ALTER VIEW churn.learning OWNER TO churn_owner;
GRANT SELECT ON churn.learning TO churn_loader;
GRANT SELECT ON churn.learning TO churn_scorer;
COMMENT ON VIEW churn.learning IS 'What churn.set_learning was asked for, and how far pgchurn learn has come.';
COMMENT ON COLUMN churn.learning.stream_id IS 'The number that churn.set_learning returned.';
COMMENT ON COLUMN churn.learning.profile IS 'The profile table.';
COMMENT ON COLUMN churn.learning.base_version IS 'The version from which learning started.';
COMMENT ON COLUMN churn.learning.half_life IS 'After which time an outcome weighs half as much.';
COMMENT ON COLUMN churn.learning.min_batch IS 'Of how many customers a batch is.';
COMMENT ON COLUMN churn.learning.since IS 'From when on customers were scored whose outcomes are learned.';
COMMENT ON COLUMN churn.learning.learned IS 'How many batches were learned.';
COMMENT ON COLUMN churn.learning.quarantined IS 'How many are quarantined.';
COMMENT ON COLUMN churn.learning.in_a_row IS 'How many of these are the last ones: since then nothing was learned.';
COMMENT ON COLUMN churn.learning.learned_until IS 'When the last customer was scored of whom was learned; null: none.';
COMMENT ON COLUMN churn.learning.version IS 'The newest version that was registered; null: none.';
COMMENT ON COLUMN churn.learning.started_by IS 'Who asked for it.';
COMMENT ON COLUMN churn.learning.started_at IS 'When.';
COMMENT ON COLUMN churn.learning.ended_at IS 'When another one took its place, or learning was switched off; null: it goes on.';

CREATE VIEW churn.learning_batches AS SELECT
    NULL::timestamp with time zone AS "time",
    NULL::bigint AS stream_id,
    NULL::regclass AS profile,
    NULL::integer AS "position",
    NULL::text AS decision,
    NULL::text AS reason,
    NULL::timestamp with time zone AS since,
    NULL::timestamp with time zone AS until,
    NULL::integer AS n,
    NULL::integer AS churned,
    NULL::integer AS left_out,
    NULL::double precision AS log_loss,
    NULL::double precision AS mean_score,
    NULL::double precision AS churn_rate,
    NULL::double precision AS mean_shift,
    NULL::double precision AS step,
    NULL::bigint AS version,
    NULL::timestamp with time zone AS known_until,
    NULL::name AS decided_by;
ALTER VIEW churn.learning_batches OWNER TO churn_owner;
GRANT SELECT ON churn.learning_batches TO churn_loader;
GRANT SELECT ON churn.learning_batches TO churn_scorer;
COMMENT ON VIEW churn.learning_batches IS 'What pgchurn learn has made of each batch of outcomes, and how well its customers were scored before it was learned.';
COMMENT ON COLUMN churn.learning_batches."time" IS 'When that was decided.';
COMMENT ON COLUMN churn.learning_batches.stream_id IS 'The stream: see churn.learning.';
COMMENT ON COLUMN churn.learning_batches.profile IS 'The profile table.';
COMMENT ON COLUMN churn.learning_batches."position" IS 'Which of the stream, from 1.';
COMMENT ON COLUMN churn.learning_batches.decision IS 'learned, or quarantined: the next one goes on from what was known before.';
COMMENT ON COLUMN churn.learning_batches.reason IS 'Why it is quarantined; null: it is not.';
COMMENT ON COLUMN churn.learning_batches.since IS 'When its first customer was scored.';
COMMENT ON COLUMN churn.learning_batches.until IS 'When its last one was.';
COMMENT ON COLUMN churn.learning_batches.n IS 'How many customers it has.';
COMMENT ON COLUMN churn.learning_batches.churned IS 'How many of them left.';
COMMENT ON COLUMN churn.learning_batches.left_out IS 'How many more were left out: acted upon, or logged without what the version takes.';
COMMENT ON COLUMN churn.learning_batches.log_loss IS 'Of the scores before it was learned; null: they cannot be scored.';
COMMENT ON COLUMN churn.learning_batches.mean_score IS 'The mean of these scores.';
COMMENT ON COLUMN churn.learning_batches.churn_rate IS 'The share of them who left, which the mean score is to be.';
COMMENT ON COLUMN churn.learning_batches.mean_shift IS 'By how much learning all of it moves the mean score; null: it was not tried.';
COMMENT ON COLUMN churn.learning_batches.step IS 'Which share of that was learned, so that no score moves too far; null: none.';
COMMENT ON COLUMN churn.learning_batches.version IS 'The first version that has learned it; null: none yet, or it is quarantined.';
COMMENT ON COLUMN churn.learning_batches.known_until IS 'What was recorded of outcomes by then was learned.';
COMMENT ON COLUMN churn.learning_batches.decided_by IS 'Who ran pgchurn learn.';

CREATE VIEW churn.open_alerts AS SELECT
    NULL::timestamp with time zone AS "time",
    NULL::regclass AS profile,
    NULL::bigint AS alert_id,
    NULL::bigint AS version,
    NULL::text AS metric,
    NULL::text AS feature,
    NULL::double precision AS value,
    NULL::double precision AS "limit",
    NULL::bigint AS n,
    NULL::integer AS windows,
    NULL::timestamp with time zone AS last_finding_at,
    NULL::text AS detail,
    NULL::timestamp with time zone AS acknowledged_at,
    NULL::name AS acknowledged_by;
ALTER VIEW churn.open_alerts OWNER TO churn_owner;
GRANT SELECT ON churn.open_alerts TO churn_loader;
GRANT SELECT ON churn.open_alerts TO churn_scorer;
COMMENT ON VIEW churn.open_alerts IS 'Findings of churn.monitor that last: one row for each alert that is open.';
COMMENT ON COLUMN churn.open_alerts."time" IS 'Since when it is open.';
COMMENT ON COLUMN churn.open_alerts.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.open_alerts.alert_id IS 'What churn.acknowledge_alert takes.';
COMMENT ON COLUMN churn.open_alerts.version IS 'The version whose scores were looked at; null: no version gave them.';
COMMENT ON COLUMN churn.open_alerts.metric IS 'What is out of its limits.';
COMMENT ON COLUMN churn.open_alerts.feature IS 'Of which feature; null: of none.';
COMMENT ON COLUMN churn.open_alerts.value IS 'What was measured in the last window with a finding.';
COMMENT ON COLUMN churn.open_alerts."limit" IS 'The limit there; null: there is none.';
COMMENT ON COLUMN churn.open_alerts.n IS 'How many rows that was measured on.';
COMMENT ON COLUMN churn.open_alerts.windows IS 'In how many windows there was a finding so far.';
COMMENT ON COLUMN churn.open_alerts.last_finding_at IS 'The end of the last window with a finding.';
COMMENT ON COLUMN churn.open_alerts.detail IS 'The finding in words.';
COMMENT ON COLUMN churn.open_alerts.acknowledged_at IS 'When somebody took note of it; null: nobody has.';
COMMENT ON COLUMN churn.open_alerts.acknowledged_by IS 'Who did.';

CREATE VIEW churn.performance AS SELECT
    NULL::timestamp with time zone AS "time",
    NULL::timestamp with time zone AS since,
    NULL::regclass AS profile,
    NULL::bigint AS version,
    NULL::text AS customers,
    NULL::text AS metric,
    NULL::double precision AS estimated,
    NULL::double precision AS realised,
    NULL::double precision AS lower,
    NULL::double precision AS upper,
    NULL::double precision AS "limit",
    NULL::bigint AS n,
    NULL::text AS verdict,
    NULL::text AS detail;
ALTER VIEW churn.performance OWNER TO churn_owner;
GRANT SELECT ON churn.performance TO churn_loader;
GRANT SELECT ON churn.performance TO churn_scorer;
COMMENT ON VIEW churn.performance IS 'How well scores did: estimated when they were given, and realised when it was known what became of the customers; one row for each window of churn.monitor, version and metric, with those who were acted upon and without. An estimate knows nothing of what changes the probabilities themselves, which is concept drift, and what is done to keep customers: where what is realised leaves its band, that is what has happened.';
COMMENT ON COLUMN churn.performance."time" IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.performance.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.performance.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.performance.version IS 'The version that gave the scores.';
COMMENT ON COLUMN churn.performance.customers IS 'Of whom: not acted upon, who are judged, or all.';
COMMENT ON COLUMN churn.performance.metric IS 'roc_auc, average_precision, log_loss and brier_score as scikit-learn has them; tp, fp, fn and tn, the shares of customers who left or stayed, and were expected to by the version''s threshold.';
COMMENT ON COLUMN churn.performance.estimated IS 'From the scores alone, recalibrated on the last customers who were mature by then; null: of too few.';
COMMENT ON COLUMN churn.performance.realised IS 'By what became of the customers; null: not known yet, or it cannot be measured.';
COMMENT ON COLUMN churn.performance.lower IS 'What is realised is from here with a probability of 98%, if probabilities are as estimated.';
COMMENT ON COLUMN churn.performance.upper IS 'To here.';
COMMENT ON COLUMN churn.performance."limit" IS 'From which value on it is a finding; null: it is never.';
COMMENT ON COLUMN churn.performance.n IS 'How many customers it was measured on.';
COMMENT ON COLUMN churn.performance.verdict IS 'ok; finding: log loss that is too far from what was estimated to be chance; too few: customers to tell; not judged: it is told for information, or not mature.';
COMMENT ON COLUMN churn.performance.detail IS 'The same in words, or when it will be mature; null: nothing to add.';

CREATE VIEW churn.queue AS SELECT
    NULL::regclass AS profile,
    NULL::text AS scoring_mode,
    NULL::bigint AS active_version,
    NULL::bigint AS waiting,
    NULL::bigint AS failing,
    NULL::interval AS oldest;
ALTER VIEW churn.queue OWNER TO churn_owner;
GRANT SELECT ON churn.queue TO churn_loader;
GRANT SELECT ON churn.queue TO churn_scorer;
COMMENT ON VIEW churn.queue IS 'How many customers are marked for churn.work: one row for each attachment.';
COMMENT ON COLUMN churn.queue.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.queue.scoring_mode IS 'inline: scored by the statement that changes them; queued: marked by it.';
COMMENT ON COLUMN churn.queue.active_version IS 'The version that scores; null: none, and all wait until there is one.';
COMMENT ON COLUMN churn.queue.waiting IS 'How many customers are marked.';
COMMENT ON COLUMN churn.queue.failing IS 'How many of them failed to be scored; churn.health has the reasons.';
COMMENT ON COLUMN churn.queue.oldest IS 'For how long the oldest has been marked.';

CREATE VIEW churn.releases AS SELECT
    NULL::bigint AS release_id,
    NULL::regclass AS profile,
    NULL::bigint AS champion,
    NULL::bigint AS challenger,
    NULL::text AS state,
    NULL::integer AS step,
    NULL::double precision AS share,
    NULL::timestamp with time zone AS since,
    NULL::bigint AS champion_customers,
    NULL::bigint AS challenger_customers,
    NULL::text AS missing,
    NULL::jsonb AS evidence,
    NULL::name AS started_by,
    NULL::timestamp with time zone AS started_at,
    NULL::timestamp with time zone AS ended_at,
    NULL::text AS reason;
ALTER VIEW churn.releases OWNER TO churn_owner;
GRANT SELECT ON churn.releases TO churn_loader;
GRANT SELECT ON churn.releases TO churn_scorer;
COMMENT ON VIEW churn.releases IS 'Every release: where it stands, since when, whom its versions have scored, and what its guardrails said last.';
COMMENT ON COLUMN churn.releases.release_id IS 'The number that churn.release returned.';
COMMENT ON COLUMN churn.releases.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.releases.champion IS 'The version in force at its start.';
COMMENT ON COLUMN churn.releases.challenger IS 'The version that is released.';
COMMENT ON COLUMN churn.releases.state IS 'shadow, under way, held, promoted, rolled back (by a guardrail) or cancelled.';
COMMENT ON COLUMN churn.releases.step IS 'Which of its steps, from 1.';
COMMENT ON COLUMN churn.releases.share IS 'Percent of the customers that the challenger scores.';
COMMENT ON COLUMN churn.releases.since IS 'When that step began.';
COMMENT ON COLUMN churn.releases.champion_customers IS 'How many customers the champion has scored since; null: it has ended.';
COMMENT ON COLUMN churn.releases.challenger_customers IS 'How many the challenger has scored since; null: it has ended.';
COMMENT ON COLUMN churn.releases.missing IS 'What the next step waits for, guardrails apart; null: nothing.';
COMMENT ON COLUMN churn.releases.evidence IS 'What was measured last, see churn.release_evidence.';
COMMENT ON COLUMN churn.releases.started_by IS 'Who started it.';
COMMENT ON COLUMN churn.releases.started_at IS 'When it was started.';
COMMENT ON COLUMN churn.releases.ended_at IS 'When it ended; null: it is under way.';
COMMENT ON COLUMN churn.releases.reason IS 'Why it ended, or is held; null: nobody said so.';

CREATE VIEW churn.rescore_progress AS SELECT
    NULL::regclass AS profile,
    NULL::bigint AS run_id,
    NULL::bigint AS version,
    NULL::text AS state,
    NULL::bigint AS rows_done,
    NULL::bigint AS rows_expected,
    NULL::bigint AS workers,
    NULL::numeric AS rows_per_second,
    NULL::interval AS time_left,
    NULL::name AS started_by,
    NULL::timestamp with time zone AS started_at,
    NULL::timestamp with time zone AS ended_at;
ALTER VIEW churn.rescore_progress OWNER TO churn_owner;
GRANT SELECT ON churn.rescore_progress TO churn_loader;
GRANT SELECT ON churn.rescore_progress TO churn_scorer;
COMMENT ON VIEW churn.rescore_progress IS 'How far the scoring of whole tables is: one row for each run of an attachment.';
COMMENT ON COLUMN churn.rescore_progress.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.rescore_progress.run_id IS 'The run; the newest is the greatest.';
COMMENT ON COLUMN churn.rescore_progress.version IS 'The version that scores.';
COMMENT ON COLUMN churn.rescore_progress.state IS 'running; interrupted: CALL churn.rescore goes on with it; done; or abandoned for another run.';
COMMENT ON COLUMN churn.rescore_progress.rows_done IS 'How many rows are done.';
COMMENT ON COLUMN churn.rescore_progress.rows_expected IS 'About how many there are; in the end as many as were done.';
COMMENT ON COLUMN churn.rescore_progress.workers IS 'How many sessions are at it.';
COMMENT ON COLUMN churn.rescore_progress.rows_per_second IS 'How fast they all are together, going by the run so far.';
COMMENT ON COLUMN churn.rescore_progress.time_left IS 'How long they will need for the rest; null: nobody is at it, or no batch is done.';
COMMENT ON COLUMN churn.rescore_progress.started_by IS 'Who started it.';
COMMENT ON COLUMN churn.rescore_progress.started_at IS 'When it was started.';
COMMENT ON COLUMN churn.rescore_progress.ended_at IS 'When it ended.';

CREATE VIEW churn.retraining_policies AS SELECT
    NULL::regclass AS profile,
    NULL::interval AS every,
    NULL::bigint AS min_new_outcomes,
    NULL::boolean AS on_drift,
    NULL::boolean AS on_performance,
    NULL::interval AS training_window,
    NULL::name AS set_by,
    NULL::timestamp with time zone AS set_at,
    NULL::timestamp with time zone AS since,
    NULL::bigint AS new_outcomes,
    NULL::text AS due;
ALTER VIEW churn.retraining_policies OWNER TO churn_owner;
GRANT SELECT ON churn.retraining_policies TO churn_loader;
GRANT SELECT ON churn.retraining_policies TO churn_scorer;
COMMENT ON VIEW churn.retraining_policies IS 'When profiles are retrained, as churn.set_retraining was told, and which are due.';
COMMENT ON COLUMN churn.retraining_policies.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.retraining_policies.every IS 'How long after the last time; null: time alone does not ask for it.';
COMMENT ON COLUMN churn.retraining_policies.min_new_outcomes IS 'Of how many customers more it has to be known what became of them; null: of any.';
COMMENT ON COLUMN churn.retraining_policies.on_drift IS 'Whether alerts on features and scores ask for it.';
COMMENT ON COLUMN churn.retraining_policies.on_performance IS 'Whether alerts on performance and calibration do.';
COMMENT ON COLUMN churn.retraining_policies.training_window IS 'Over how long a time the customers were scored who are trained on; null: any.';
COMMENT ON COLUMN churn.retraining_policies.set_by IS 'Who said so.';
COMMENT ON COLUMN churn.retraining_policies.set_at IS 'When.';
COMMENT ON COLUMN churn.retraining_policies.since IS 'Until when what the version in force was trained on, or retrained on the last time, was known; null: no version is in force.';
COMMENT ON COLUMN churn.retraining_policies.new_outcomes IS 'Of how many customers it has become known since what became of them.';
COMMENT ON COLUMN churn.retraining_policies.due IS 'Why it is to be retrained now; null: it is not.';

CREATE VIEW churn.retraining_requests AS SELECT
    NULL::bigint AS request_id,
    NULL::regclass AS profile,
    NULL::text AS reason,
    NULL::name AS requested_by,
    NULL::timestamp with time zone AS requested_at,
    NULL::integer AS attempts,
    NULL::name AS taken_by,
    NULL::timestamp with time zone AS taken_at,
    NULL::text AS waiting,
    NULL::bigint AS version,
    NULL::timestamp with time zone AS finished_at,
    NULL::text AS decision,
    NULL::text AS decision_reason,
    NULL::bigint AS release_id,
    NULL::jsonb AS evidence;
ALTER VIEW churn.retraining_requests OWNER TO churn_owner;
GRANT SELECT ON churn.retraining_requests TO churn_loader;
GRANT SELECT ON churn.retraining_requests TO churn_scorer;
COMMENT ON VIEW churn.retraining_requests IS 'Every request to retrain a profile: who asked and why, who took it, and what was decided.';
COMMENT ON COLUMN churn.retraining_requests.request_id IS 'Ascends.';
COMMENT ON COLUMN churn.retraining_requests.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.retraining_requests.reason IS 'Why it was asked for.';
COMMENT ON COLUMN churn.retraining_requests.requested_by IS 'Who asked.';
COMMENT ON COLUMN churn.retraining_requests.requested_at IS 'When.';
COMMENT ON COLUMN churn.retraining_requests.attempts IS 'How often it was taken.';
COMMENT ON COLUMN churn.retraining_requests.taken_by IS 'Who took it last.';
COMMENT ON COLUMN churn.retraining_requests.taken_at IS 'When.';
COMMENT ON COLUMN churn.retraining_requests.waiting IS 'What it waits for, or what the last attempt has failed by; null: nothing.';
COMMENT ON COLUMN churn.retraining_requests.version IS 'The version that was registered for it; null: none.';
COMMENT ON COLUMN churn.retraining_requests.finished_at IS 'When it ended; null: it is open.';
COMMENT ON COLUMN churn.retraining_requests.decision IS 'released, kept (the version in force stays), or cancelled; null: it is open.';
COMMENT ON COLUMN churn.retraining_requests.decision_reason IS 'Why, in words.';
COMMENT ON COLUMN churn.retraining_requests.release_id IS 'The release that was started; null: none was.';
COMMENT ON COLUMN churn.retraining_requests.evidence IS 'What it was decided by: cohorts, comparison, calibration.';

CREATE VIEW churn.score_drift AS SELECT
    NULL::timestamp with time zone AS "time",
    NULL::timestamp with time zone AS since,
    NULL::regclass AS profile,
    NULL::bigint AS version,
    NULL::text AS metric,
    NULL::text AS feature,
    NULL::double precision AS value,
    NULL::double precision AS lower,
    NULL::double precision AS upper,
    NULL::double precision AS "limit",
    NULL::bigint AS n,
    NULL::text AS verdict,
    NULL::text AS detail;
ALTER VIEW churn.score_drift OWNER TO churn_owner;
GRANT SELECT ON churn.score_drift TO churn_loader;
GRANT SELECT ON churn.score_drift TO churn_scorer;
COMMENT ON VIEW churn.score_drift IS 'Whether scores are distributed as when their version was registered, their mean, and what has changed it: some rows for each window of churn.monitor and version, the last window first.';
COMMENT ON COLUMN churn.score_drift."time" IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.score_drift.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.score_drift.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.score_drift.version IS 'The version that gave the scores; null: there was none in this window.';
COMMENT ON COLUMN churn.score_drift.metric IS 'score_psi; mean_score; mean_score_change, of which the sum over all features is the difference of two means, of the rows that were explained and of the reference''s.';
COMMENT ON COLUMN churn.score_drift.feature IS 'The feature whose part in the change it is; null in the other rows.';
COMMENT ON COLUMN churn.score_drift.value IS 'Population stability index against the version''s reference; the mean score; or points of probability.';
COMMENT ON COLUMN churn.score_drift.lower IS 'Of the mean score: from here to upper the mean of so many rows is in 95 of 100 cases, going by the reference''s scores. Of points where those of all rows are in 95 of 100 cases, going by the rows that were explained.';
COMMENT ON COLUMN churn.score_drift.upper IS 'See lower.';
COMMENT ON COLUMN churn.score_drift."limit" IS 'From which value on it can be a finding; null: it is none.';
COMMENT ON COLUMN churn.score_drift.n IS 'How many rows there were, or were explained.';
COMMENT ON COLUMN churn.score_drift.verdict IS 'ok; finding: it reached the limit, and not by chance; too few: rows to tell; not judged: it is told for information.';
COMMENT ON COLUMN churn.score_drift.detail IS 'Of the mean score which features have changed it, where the version is explained; of a finding which scores have become more or less frequent; else what it takes to tell.';

CREATE VIEW churn_internal.known_values AS SELECT
    NULL::bigint AS version,
    NULL::text AS feature,
    NULL::jsonb AS known;
ALTER VIEW churn_internal.known_values OWNER TO churn_owner;
GRANT SELECT ON churn_internal.known_values TO churn_loader;
GRANT SELECT ON churn_internal.known_values TO churn_scorer;
COMMENT ON VIEW churn_internal.known_values IS 'What versions know of the values of their features: one row for each that its reader may read in the profile, where no row level security hides rows.';
COMMENT ON COLUMN churn_internal.known_values.version IS 'The model version.';
COMMENT ON COLUMN churn_internal.known_values.feature IS 'The feature''s name.';
COMMENT ON COLUMN churn_internal.known_values.known IS 'What is typical, the share that is known, and the categories or the quantiles.';

CREATE FUNCTION churn.acknowledge_alert(alert_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.acknowledge_alert(alert_id bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.acknowledge_alert(alert_id bigint) TO churn_loader;
COMMENT ON ROUTINE churn.acknowledge_alert(alert_id bigint) IS 'Records that the caller has taken note of an alert: it stays open, and nothing more has to be done about knowing it.';

CREATE FUNCTION churn.activate_model(version bigint, allow_older boolean DEFAULT false, allow_expired boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.activate_model(version bigint, allow_older boolean, allow_expired boolean) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.activate_model(version bigint, allow_older boolean, allow_expired boolean) TO churn_loader;
COMMENT ON ROUTINE churn.activate_model(version bigint, allow_older boolean, allow_expired boolean) IS 'Makes a version score its profile: for every session''s next statement at commit. Where a key is trusted, what was signed must not have expired, nor be about an older version than the active one, unless that is allowed by name. Ends a release or an experiment that is under way.';

CREATE FUNCTION churn.advance_releases(profile regclass DEFAULT NULL::regclass) RETURNS TABLE(release_id bigint, challenger bigint, share double precision, result text, detail text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.advance_releases(profile regclass) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.advance_releases(profile regclass) TO churn_loader;
COMMENT ON ROUTINE churn.advance_releases(profile regclass) IS 'Measures the guardrails of the releases that are under way, and takes the next step of those that may, or rolls them back; returns what each has come to: success, failure or inconclusive. Waits for no lock.';

CREATE FUNCTION churn.attach(profile regclass, profile_key name, complaints regclass, complaint_key name, complaint_time name DEFAULT NULL::name, write_search_path text DEFAULT current_setting('search_path'::text)) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.attach(profile regclass, profile_key name, complaints regclass, complaint_key name, complaint_time name, write_search_path text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn.attach(profile regclass, profile_key name, complaints regclass, complaint_key name, complaint_time name, write_search_path text) IS 'Wires up a profile table and its complaints table: output columns, counters, triggers and churn.score(profile). Returns the attachment''s number.';

CREATE FUNCTION churn.cancel_release(profile regclass, reason text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.cancel_release(profile regclass, reason text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.cancel_release(profile regclass, reason text) TO churn_loader;
COMMENT ON ROUTINE churn.cancel_release(profile regclass, reason text) IS 'Has the version in force score all customers again, from the commit on, and has workers and churn.repair score again whom the other one has scored; returns the release.';

CREATE FUNCTION churn.compare(profile regclass, champion bigint, challenger bigint, since timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone, material double precision DEFAULT 0.002, expected bigint DEFAULT 10000, confidence double precision DEFAULT 0.95, thresholds double precision[] DEFAULT NULL::double precision[], acted_upon boolean DEFAULT true) RETURNS TABLE(name text, of_champion double precision, of_challenger double precision, difference double precision, lower double precision, upper double precision, n bigint, verdict text, detail text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.compare(profile regclass, champion bigint, challenger bigint, since timestamp with time zone, until timestamp with time zone, material double precision, expected bigint, confidence double precision, thresholds double precision[], acted_upon boolean) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.compare(profile regclass, champion bigint, challenger bigint, since timestamp with time zone, until timestamp with time zone, material double precision, expected bigint, confidence double precision, thresholds double precision[], acted_upon boolean) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.compare(profile regclass, champion bigint, challenger bigint, since timestamp with time zone, until timestamp with time zone, material double precision, expected bigint, confidence double precision, thresholds double precision[], acted_upon boolean) TO churn_scorer;
COMMENT ON ROUTINE churn.compare(profile regclass, champion bigint, challenger bigint, since timestamp with time zone, until timestamp with time zone, material double precision, expected bigint, confidence double precision, thresholds double precision[], acted_upon boolean) IS 'Which of two versions does better on customers of whom it is known what became of them, logged from a time on after which neither was trained: a verdict, and the evidence. Looking daily is safe.';

CREATE FUNCTION churn.delete_model(version bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.delete_model(version bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.delete_model(version bigint) TO churn_loader;
COMMENT ON ROUTINE churn.delete_model(version bigint) IS 'Deletes a version that neither scores nor would after churn.rollback_model: with its row, which is true, or, where a deployment, churn.predictions or churn.outbox names it, its bytes alone. Commit the activation of another version before.';

CREATE FUNCTION churn.detach(profile regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.detach(profile regclass) OWNER TO churn_owner;
COMMENT ON ROUTINE churn.detach(profile regclass) IS 'Undoes churn.attach: the table''s own columns and all complaints stay.';

CREATE FUNCTION churn.estimate_experiment(profile regclass, share double precision DEFAULT 50, horizon interval DEFAULT NULL::interval, effect double precision DEFAULT 0.2, power double precision DEFAULT 0.8) RETURNS TABLE(customers_per_arm bigint, days double precision, base_rate double precision, explained double precision, customers bigint, customers_a_day double precision)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn.estimate_experiment(profile regclass, share double precision, horizon interval, effect double precision, power double precision) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.estimate_experiment(profile regclass, share double precision, horizon interval, effect double precision, power double precision) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.estimate_experiment(profile regclass, share double precision, horizon interval, effect double precision, power double precision) TO churn_scorer;
COMMENT ON ROUTINE churn.estimate_experiment(profile regclass, share double precision, horizon interval, effect double precision, power double precision) IS 'How many customers an experiment takes in each arm to find an effect, and how many days, the horizon of the last ones included, by what was logged of a profile in a year.';

CREATE FUNCTION churn.expire_monitor_results(older_than interval) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn.expire_monitor_results(older_than interval) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.expire_monitor_results(older_than interval) TO churn_loader;
COMMENT ON ROUTINE churn.expire_monitor_results(older_than interval) IS 'Removes results of windows that ended before, but for the last one of each profile; returns how many.';

CREATE FUNCTION churn.expire_outbox(older_than interval) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.expire_outbox(older_than interval) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.expire_outbox(older_than interval) TO churn_loader;
COMMENT ON ROUTINE churn.expire_outbox(older_than interval) IS 'Removes rows of churn.outbox and churn.alert_outbox that are older; returns how many. What a replication slot has still to send is sent all the same.';

CREATE FUNCTION churn.expire_outcomes(older_than interval, OUT outcomes bigint, OUT actions bigint) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn.expire_outcomes(older_than interval, OUT outcomes bigint, OUT actions bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn.expire_outcomes(older_than interval, OUT outcomes bigint, OUT actions bigint) IS 'Removes outcomes and actions that are older, of customers of whom no prediction is logged any more, and who are in no experiment; returns how many.';

CREATE FUNCTION churn.expire_predictions(older_than interval, OUT partitions integer, OUT predictions bigint) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC'
    SET lock_timeout TO '100 ms';
ALTER ROUTINE churn.expire_predictions(older_than interval, OUT partitions integer, OUT predictions bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn.expire_predictions(older_than interval, OUT partitions integer, OUT predictions bigint) IS 'Drops the partitions of churn.predictions of which all is older, says how many and how many predictions were in them, and makes the coming ones.';

CREATE FUNCTION churn.explain(profile churn.customers, top_k integer DEFAULT NULL::integer) RETURNS TABLE(feature text, value text, contribution double precision, points double precision, typical text, reason text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    AS $function$
#variable_conflict use_column
BEGIN
    -- The missing side of an outer join is nobody's row.
    IF num_nonnulls(($1).customer_id, ($1).complaint_count) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT e.feature, e.value, e.contribution, e.points, e.typical, e.reason::text
    FROM churn_internal.key_text(($1).customer_id) k (key)
    CROSS JOIN LATERAL churn_internal.explain_features(
        1, '[[], []]', ARRAY[0]::double precision[], ARRAY[]::pg_catalog.text[],
        churn_internal.typical_values(churn_internal.version_for(1, k.key)), $2, k.key
    ) e;
END $function$;
ALTER ROUTINE churn.explain(profile churn.customers, top_k integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.explain(profile churn.customers, top_k integer) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.explain(profile churn.customers, top_k integer) TO churn_scorer;
COMMENT ON ROUTINE churn.explain(profile churn.customers, top_k integer) IS 'What each feature contributes to the score of a profile row under the model that scores it.';

CREATE FUNCTION churn.explain_base(version bigint, OUT base double precision, OUT probability double precision) RETURNS record
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn.explain_base(version bigint, OUT base double precision, OUT probability double precision) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.explain_base(version bigint, OUT base double precision, OUT probability double precision) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.explain_base(version bigint, OUT base double precision, OUT probability double precision) TO churn_scorer;
COMMENT ON ROUTINE churn.explain_base(version bigint, OUT base double precision, OUT probability double precision) IS 'What the explanations of a version start from: its log odds without any feature, and their probability.';

CREATE FUNCTION churn.explain_prediction(profile regclass, key text, at timestamp with time zone DEFAULT 'infinity'::timestamp with time zone, top_k integer DEFAULT NULL::integer) RETURNS TABLE(feature text, value text, contribution double precision, points double precision, typical text, reason text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.explain_prediction(profile regclass, key text, at timestamp with time zone, top_k integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.explain_prediction(profile regclass, key text, at timestamp with time zone, top_k integer) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.explain_prediction(profile regclass, key text, at timestamp with time zone, top_k integer) TO churn_scorer;
COMMENT ON ROUTINE churn.explain_prediction(profile regclass, key text, at timestamp with time zone, top_k integer) IS 'What each feature contributed to a logged score, the last one at this time or before, under the version that gave it.';

CREATE FUNCTION churn.explain_query(version bigint, query text, on_error text DEFAULT 'raise'::text, pass_features boolean DEFAULT false, search_path text DEFAULT current_setting('search_path'::text)) RETURNS TABLE(row_number bigint, passed jsonb, score double precision, contributions jsonb)
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn.explain_query(version bigint, query text, on_error text, pass_features boolean, search_path text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.explain_query(version bigint, query text, on_error text, pass_features boolean, search_path text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.explain_query(version bigint, query text, on_error text, pass_features boolean, search_path text) TO churn_scorer;
COMMENT ON ROUTINE churn.explain_query(version bigint, query text, on_error text, pass_features boolean, search_path text) IS 'Probabilities of churn, 0 to 1, under any version, of the rows of any query, and what each feature contributes to their log odds.';

CREATE FUNCTION churn.forget(profile regclass, key text) RETURNS TABLE(relation regclass, rows bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.forget(profile regclass, key text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn.forget(profile regclass, key text) IS 'Takes a customer out of the log, the outbox, outcomes, actions, experiments, the queue and unfinished runs, and says how many rows of what are gone; the company''s own tables stay as they are. Delete the profile row first, or its next score is stored again. What a replication slot has still to send is sent all the same, and backups keep what they hold.';

CREATE FUNCTION churn.global_explain(version bigint) RETURNS TABLE(feature text, contribution double precision, importance double precision, typical text)
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn.global_explain(version bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.global_explain(version bigint) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.global_explain(version bigint) TO churn_scorer;
COMMENT ON ROUTINE churn.global_explain(version bigint) IS 'What a version goes by: the mean size of each feature''s contribution, its permutation importance, and what is typical of it.';

CREATE FUNCTION churn.hold_release(profile regclass, held boolean DEFAULT true, reason text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.hold_release(profile regclass, held boolean, reason text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.hold_release(profile regclass, held boolean, reason text) TO churn_loader;
COMMENT ON ROUTINE churn.hold_release(profile regclass, held boolean, reason text) IS 'Keeps a release at its step, or, with held => false, lets it go on; guardrails are measured all the same. Returns the release.';

CREATE FUNCTION churn.matured(profile regclass, version bigint DEFAULT NULL::bigint, since timestamp with time zone DEFAULT '-infinity'::timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone, first_score boolean DEFAULT false) RETURNS TABLE(key text, predicted_at timestamp with time zone, model_version bigint, score double precision, features json, outcome boolean, known_at timestamp with time zone, acted_upon boolean)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET enable_nestloop TO off
    SET jit TO off
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn.matured(profile regclass, version bigint, since timestamp with time zone, until timestamp with time zone, first_score boolean) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.matured(profile regclass, version bigint, since timestamp with time zone, until timestamp with time zone, first_score boolean) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.matured(profile regclass, version bigint, since timestamp with time zone, until timestamp with time zone, first_score boolean) TO churn_scorer;
COMMENT ON ROUTINE churn.matured(profile regclass, version bigint, since timestamp with time zone, until timestamp with time zone, first_score boolean) IS 'Logged predictions whose horizon has passed, and what became of the customers: one row for each who had not left before, the last score of the window, with what it was made of; or the first one, which stays the same while the window grows. Null as version: of whichever gave it; null as until: of all that is mature.';

CREATE FUNCTION churn.monitor(profile regclass, since timestamp with time zone DEFAULT NULL::timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS TABLE("time" timestamp with time zone, version bigint, metric text, feature text, value double precision, lower double precision, upper double precision, "limit" double precision, n bigint, verdict text, detail text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn.monitor(profile regclass, since timestamp with time zone, until timestamp with time zone) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.monitor(profile regclass, since timestamp with time zone, until timestamp with time zone) TO churn_loader;
COMMENT ON ROUTINE churn.monitor(profile regclass, since timestamp with time zone, until timestamp with time zone) IS 'Measures one window of a profile''s scores, from since and before until, against the reference of each version that gave some: writes churn.monitor_results anew, and returns what it wrote. Null as until: now; null as since: since the end of the window before, or a day.';

CREATE FUNCTION churn.open_retraining_requests(profile regclass DEFAULT NULL::regclass) RETURNS TABLE(request_id bigint, requested_for regclass, reason text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.open_retraining_requests(profile regclass) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.open_retraining_requests(profile regclass) TO churn_loader;
COMMENT ON ROUTINE churn.open_retraining_requests(profile regclass) IS 'Opens a request to retrain each profile whose policy asks for it now, and that has none open; returns them. Null: of all profiles.';

CREATE FUNCTION churn.predict(version bigint, features jsonb) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn.predict(version bigint, features jsonb) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.predict(version bigint, features jsonb) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.predict(version bigint, features jsonb) TO churn_scorer;
COMMENT ON ROUTINE churn.predict(version bigint, features jsonb) IS 'Probability of churn, 0 to 1, under any version, of any feature values by name.';

CREATE FUNCTION churn.predict_query(version bigint, query text, on_error text DEFAULT 'raise'::text, pass_features boolean DEFAULT false, search_path text DEFAULT current_setting('search_path'::text)) RETURNS TABLE(row_number bigint, passed jsonb, score double precision)
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn.predict_query(version bigint, query text, on_error text, pass_features boolean, search_path text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.predict_query(version bigint, query text, on_error text, pass_features boolean, search_path text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.predict_query(version bigint, query text, on_error text, pass_features boolean, search_path text) TO churn_scorer;
COMMENT ON ROUTINE churn.predict_query(version bigint, query text, on_error text, pass_features boolean, search_path text) IS 'Probabilities of churn, 0 to 1, under any version, of the rows of any query.';

CREATE FUNCTION churn.record_action(profile regclass, key text, action text, at timestamp with time zone DEFAULT now()) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.record_action(profile regclass, key text, action text, at timestamp with time zone) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.record_action(profile regclass, key text, action text, at timestamp with time zone) TO churn_loader;
COMMENT ON ROUTINE churn.record_action(profile regclass, key text, action text, at timestamp with time zone) IS 'Appends what was done to keep a customer to churn.actions, and says whether it did: not where the same of the same time is there.';

CREATE FUNCTION churn.record_outcome(profile regclass, key text, outcome boolean, known_at timestamp with time zone DEFAULT now()) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.record_outcome(profile regclass, key text, outcome boolean, known_at timestamp with time zone) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.record_outcome(profile regclass, key text, outcome boolean, known_at timestamp with time zone) TO churn_loader;
COMMENT ON ROUTINE churn.record_outcome(profile regclass, key text, outcome boolean, known_at timestamp with time zone) IS 'Appends what became of a customer to churn.outcomes, and says whether it did: not where the same of the same time is there. Null withdraws what was known before.';

CREATE FUNCTION churn.register_model(profile regclass, artifact bytea, signature jsonb, metrics jsonb, environment jsonb, provenance jsonb, replay_keys text[], replay_probabilities double precision[], compile boolean DEFAULT true, allow_pickle boolean DEFAULT false, attestation text DEFAULT NULL::text, attestation_signature bytea DEFAULT NULL::bytea, attestation_key text DEFAULT NULL::text, allow_older boolean DEFAULT false, training_sample jsonb DEFAULT NULL::jsonb) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.register_model(profile regclass, artifact bytea, signature jsonb, metrics jsonb, environment jsonb, provenance jsonb, replay_keys text[], replay_probabilities double precision[], compile boolean, allow_pickle boolean, attestation text, attestation_signature bytea, attestation_key text, allow_older boolean, training_sample jsonb) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.register_model(profile regclass, artifact bytea, signature jsonb, metrics jsonb, environment jsonb, provenance jsonb, replay_keys text[], replay_probabilities double precision[], compile boolean, allow_pickle boolean, attestation text, attestation_signature bytea, attestation_key text, allow_older boolean, training_sample jsonb) TO churn_loader;
COMMENT ON ROUTINE churn.register_model(profile regclass, artifact bytea, signature jsonb, metrics jsonb, environment jsonb, provenance jsonb, replay_keys text[], replay_probabilities double precision[], compile boolean, allow_pickle boolean, attestation text, attestation_signature bytea, attestation_key text, allow_older boolean, training_sample jsonb) IS 'Registers a pickled classifier after replaying rows, by key, whose probabilities the client computed, and compiles it; keeps the compiled form when the two agree. Returns the version.';

CREATE FUNCTION churn.release(profile regclass, version bigint, steps double precision[] DEFAULT '{1,5,25,50,100}'::double precision[], hold interval DEFAULT '1 day'::interval, min_customers integer DEFAULT 500, on_guardrail text DEFAULT 'rollback'::text, limits jsonb DEFAULT '{}'::jsonb, allow_older boolean DEFAULT false, allow_expired boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.release(profile regclass, version bigint, steps double precision[], hold interval, min_customers integer, on_guardrail text, limits jsonb, allow_older boolean, allow_expired boolean) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.release(profile regclass, version bigint, steps double precision[], hold interval, min_customers integer, on_guardrail text, limits jsonb, allow_older boolean, allow_expired boolean) TO churn_loader;
COMMENT ON ROUTINE churn.release(profile regclass, version bigint, steps double precision[], hold interval, min_customers integer, on_guardrail text, limits jsonb, allow_older boolean, allow_expired boolean) IS 'Begins to have a version score a share of the customers, which churn.advance_releases raises step by step, in percent, while no guardrail fails; 0 is a shadow, which scores nobody, and 100 an activation. A step lasts at least hold, and until it has scored min_customers. Returns the number of the release.';

CREATE PROCEDURE churn.repair(IN profile regclass, IN batch_size integer DEFAULT 10000)
    LANGUAGE plpgsql;
ALTER ROUTINE churn.repair(IN profile regclass, IN batch_size integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.repair(IN profile regclass, IN batch_size integer) TO churn_loader;
COMMENT ON ROUTINE churn.repair(IN profile regclass, IN batch_size integer) IS 'Mends what churn.verify finds and scores marked customers again, committing after each batch.';

CREATE FUNCTION churn.request_retraining(profile regclass, reason text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.request_retraining(profile regclass, reason text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.request_retraining(profile regclass, reason text) TO churn_loader;
COMMENT ON ROUTINE churn.request_retraining(profile regclass, reason text) IS 'Asks for a profile to be retrained, whatever its policy says; returns the request, or the one that is open already.';

CREATE PROCEDURE churn.rescore(IN profile regclass, IN batch_size integer DEFAULT 10000, IN rows_per_second integer DEFAULT NULL::integer, IN restart boolean DEFAULT false)
    LANGUAGE plpgsql;
ALTER ROUTINE churn.rescore(IN profile regclass, IN batch_size integer, IN rows_per_second integer, IN restart boolean) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.rescore(IN profile regclass, IN batch_size integer, IN rows_per_second integer, IN restart boolean) TO churn_loader;
COMMENT ON ROUTINE churn.rescore(IN profile regclass, IN batch_size integer, IN rows_per_second integer, IN restart boolean) IS 'Scores a whole profile table under its active model, committing after each batch; goes on where an unfinished run stopped, beside others that are at it, and begins anew when another version becomes active.';

CREATE FUNCTION churn.rollback_model(profile regclass) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.rollback_model(profile regclass) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.rollback_model(profile regclass) TO churn_loader;
COMMENT ON ROUTINE churn.rollback_model(profile regclass) IS 'Puts the version before the active one in force again and returns it; called again, the one before that. Ends an experiment that is under way.';

CREATE FUNCTION churn.score(churn.customers) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL UNSAFE
    AS $function$
SELECT CASE
    -- The missing side of an outer join is nobody's row.
    WHEN ($1).customer_id IS NULL AND ($1).complaint_count IS NULL THEN NULL
    -- Looked up anew for each row, the active model took longer than its score.
    ELSE coalesce(
        CASE WHEN churn_internal.tells_by_snapshot() THEN churn_internal.score_remembered(
            1, '[[], []]', ARRAY[0]::double precision[], ARRAY[]::pg_catalog.text[], churn_internal.plain_snapshot()
        ) END,
        churn_internal.score_features(
            1, '[[], []]', ARRAY[0]::double precision[], ARRAY[]::pg_catalog.text[],
            pg_catalog.date_part('epoch', pg_catalog.statement_timestamp())
        ),
        -- While a release is under way, which version it is goes by the key.
        churn_internal.score_by_key(
            1, '[[], []]', ARRAY[0]::double precision[], ARRAY[]::pg_catalog.text[], churn_internal.key_text(($1).customer_id)
        )
    )
END $function$;
ALTER ROUTINE churn.score(churn.customers) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.score(churn.customers) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.score(churn.customers) TO churn_scorer;
COMMENT ON ROUTINE churn.score(churn.customers) IS 'Probability of churn, 0 to 1, of a profile row under the model that scores it.';

CREATE FUNCTION churn.score_customer(customer_id bigint) RETURNS double precision
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.score_customer(customer_id bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.score_customer(customer_id bigint) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.score_customer(customer_id bigint) TO churn_scorer;
COMMENT ON ROUTINE churn.score_customer(customer_id bigint) IS 'Probability of churn, 0 to 1, of a customer of churn.customers, by key.';

CREATE FUNCTION churn.score_many(profiles churn.customers[]) RETURNS double precision[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    AS $function$
#variable_conflict use_variable
DECLARE
    positions bigint[];
    numbers bytea;
    texts text[];
    keys text[];
    released CONSTANT boolean := churn_internal.is_released(1);
BEGIN
    IF profiles IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(r.ordinality), churn_internal.array_image(array_agg(r.numbers)),
           NULL::text[], array_agg(churn_internal.key_text(r.key)) FILTER (WHERE released)
    INTO positions, numbers, texts, keys
    FROM (
        SELECT p.ordinality, p.customer_id AS key, ARRAY[0]::double precision[] AS numbers, ARRAY[]::pg_catalog.text[] AS texts
        FROM unnest(profiles) WITH ORDINALITY p
        WHERE num_nonnulls(p.customer_id, p.complaint_count) > 0
        ORDER BY p.ordinality
    ) r;
    RETURN ARRAY(
        SELECT s.score
        FROM generate_series(1, cardinality(profiles)) n (position)
        LEFT JOIN unnest(
            positions, churn_internal.score_features_many(
                1, '[[], []]', numbers, texts, keys
            )
        ) s (position, score) ON s.position = n.position
        ORDER BY n.position
    );
END $function$;
ALTER ROUTINE churn.score_many(profiles churn.customers[]) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.score_many(profiles churn.customers[]) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.score_many(profiles churn.customers[]) TO churn_scorer;
COMMENT ON ROUTINE churn.score_many(profiles churn.customers[]) IS 'Probabilities of churn, 0 to 1, of many profile rows in few calls of the models that score them.';

CREATE FUNCTION churn.server_environment() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn.server_environment() OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.server_environment() TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.server_environment() TO churn_scorer;
COMMENT ON ROUTINE churn.server_environment() IS 'Interpreter, package versions and memory of this session.';

CREATE FUNCTION churn.set_learning(profile regclass, base_version bigint, half_life interval DEFAULT '90 days'::interval, min_batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.set_learning(profile regclass, base_version bigint, half_life interval, min_batch integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.set_learning(profile regclass, base_version bigint, half_life interval, min_batch integer) TO churn_loader;
COMMENT ON ROUTINE churn.set_learning(profile regclass, base_version bigint, half_life interval, min_batch integer) IS 'Has pgchurn learn move the linear head of a version, batch by batch, as outcomes of a profile mature: an outcome weighs half as much after half_life, and a batch is of min_batch customers. The same again changes nothing; anything else begins anew, from the version. Null: nothing is learned any more. Returns the number of the stream.';

CREATE FUNCTION churn.set_notifications(profile regclass, mode text, threshold double precision DEFAULT NULL::double precision, refuse_prepared boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.set_notifications(profile regclass, mode text, threshold double precision, refuse_prepared boolean) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.set_notifications(profile regclass, mode text, threshold double precision, refuse_prepared boolean) TO churn_loader;
COMMENT ON ROUTINE churn.set_notifications(profile regclass, mode text, threshold double precision, refuse_prepared boolean) IS 'Which stored scores are told by NOTIFY on churn_scores: off, every, or threshold, those that cross it.';

CREATE FUNCTION churn.set_on_error(profile regclass, on_error text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.set_on_error(profile regclass, on_error text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.set_on_error(profile regclass, on_error text) TO churn_loader;
COMMENT ON ROUTINE churn.set_on_error(profile regclass, on_error text) IS 'What happens to a complaint that cannot be scored: keep it with the old score, or raise.';

CREATE FUNCTION churn.set_outbox(profile regclass, mode text, threshold double precision DEFAULT NULL::double precision) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.set_outbox(profile regclass, mode text, threshold double precision) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.set_outbox(profile regclass, mode text, threshold double precision) TO churn_loader;
COMMENT ON ROUTINE churn.set_outbox(profile regclass, mode text, threshold double precision) IS 'Which stored scores go to churn.outbox: off, every, or threshold, those that cross it.';

CREATE FUNCTION churn.set_outcome(profile regclass, label_column name, horizon interval DEFAULT '90 days'::interval, positive_class text DEFAULT NULL::text, labels_known_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.set_outcome(profile regclass, label_column name, horizon interval, positive_class text, labels_known_at timestamp with time zone) OWNER TO churn_owner;
COMMENT ON ROUTINE churn.set_outcome(profile regclass, label_column name, horizon interval, positive_class text, labels_known_at timestamp with time zone) IS 'Names the column of a profile that says who has left, and for how long after a prediction that counts for it: from then on its labels are appended to churn.outcomes. Null: none is. Returns how many of those that are there were appended.';

CREATE FUNCTION churn.set_prediction_log(profile regclass, rate double precision) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.set_prediction_log(profile regclass, rate double precision) OWNER TO churn_owner;
COMMENT ON ROUTINE churn.set_prediction_log(profile regclass, rate double precision) IS 'Which share of the scores that are stored is appended to churn.predictions: from 0, none, to 1, all.';

CREATE FUNCTION churn.set_retraining(profile regclass, every interval DEFAULT NULL::interval, min_new_outcomes bigint DEFAULT NULL::bigint, on_drift boolean DEFAULT false, on_performance boolean DEFAULT false, training_window interval DEFAULT NULL::interval) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.set_retraining(profile regclass, every interval, min_new_outcomes bigint, on_drift boolean, on_performance boolean, training_window interval) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.set_retraining(profile regclass, every interval, min_new_outcomes bigint, on_drift boolean, on_performance boolean, training_window interval) TO churn_loader;
COMMENT ON ROUTINE churn.set_retraining(profile regclass, every interval, min_new_outcomes bigint, on_drift boolean, on_performance boolean, training_window interval) IS 'When a profile is retrained: so long after the last time, once it is known of so many more customers what became of them, and when an alert is opened; and over how long a time the customers were scored who are trained on. All of it left out: never, and the request that is open is cancelled.';

CREATE FUNCTION churn.set_score_timeout(profile regclass, score_timeout interval) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.set_score_timeout(profile regclass, score_timeout interval) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.set_score_timeout(profile regclass, score_timeout interval) TO churn_loader;
COMMENT ON ROUTINE churn.set_score_timeout(profile regclass, score_timeout interval) IS 'How long one call of a model may take before it counts as a failure.';

CREATE FUNCTION churn.set_scoring_mode(profile regclass, scoring_mode text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.set_scoring_mode(profile regclass, scoring_mode text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.set_scoring_mode(profile regclass, scoring_mode text) TO churn_loader;
COMMENT ON ROUTINE churn.set_scoring_mode(profile regclass, scoring_mode text) IS 'Whether customers are scored by the statement that changes them (inline), or marked for churn.work (queued): for every session''s next statement at commit.';

CREATE FUNCTION churn.set_write_search_path(profile regclass, write_search_path text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.set_write_search_path(profile regclass, write_search_path text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn.set_write_search_path(profile regclass, write_search_path text) IS 'With which search_path triggers, checks and the like of a profile run when pgchurn writes it.';

CREATE FUNCTION churn.simulate_experiment(profile regclass, share double precision DEFAULT 50, horizon interval DEFAULT NULL::interval, effect double precision DEFAULT 0.2, salts integer DEFAULT 1000, OUT customers bigint, OUT days integer, OUT expected bigint, OUT false_winners double precision, OUT ratio_alarms double precision, OUT power double precision, OUT median_days double precision) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn.simulate_experiment(profile regclass, share double precision, horizon interval, effect double precision, salts integer, OUT customers bigint, OUT days integer, OUT expected bigint, OUT false_winners double precision, OUT ratio_alarms double precision, OUT power double precision, OUT median_days double precision) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.simulate_experiment(profile regclass, share double precision, horizon interval, effect double precision, salts integer, OUT customers bigint, OUT days integer, OUT expected bigint, OUT false_winners double precision, OUT ratio_alarms double precision, OUT power double precision, OUT median_days double precision) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.simulate_experiment(profile regclass, share double precision, horizon interval, effect double precision, salts integer, OUT customers bigint, OUT days integer, OUT expected bigint, OUT false_winners double precision, OUT ratio_alarms double precision, OUT power double precision, OUT median_days double precision) TO churn_scorer;
COMMENT ON ROUTINE churn.simulate_experiment(profile regclass, share double precision, horizon interval, effect double precision, salts integer, OUT customers bigint, OUT days integer, OUT expected bigint, OUT false_winners double precision, OUT ratio_alarms double precision, OUT power double precision, OUT median_days double precision) IS 'Has experiments on the logged customers of a year, split at random again and again, looked at at the end of each day: how often a version was called better where both are the same, how often the arms were said to be of other sizes, and how often, and after how many days, an effect was found.';

CREATE FUNCTION churn.start_experiment(profile regclass, challenger bigint, share double precision DEFAULT 50, horizon interval DEFAULT NULL::interval, unit name DEFAULT NULL::name, effect double precision DEFAULT 0.2, longest interval DEFAULT '1 year'::interval, expected bigint DEFAULT NULL::bigint, allow_older boolean DEFAULT false, allow_expired boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn.start_experiment(profile regclass, challenger bigint, share double precision, horizon interval, unit name, effect double precision, longest interval, expected bigint, allow_older boolean, allow_expired boolean) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.start_experiment(profile regclass, challenger bigint, share double precision, horizon interval, unit name, effect double precision, longest interval, expected bigint, allow_older boolean, allow_expired boolean) TO churn_loader;
COMMENT ON ROUTINE churn.start_experiment(profile regclass, challenger bigint, share double precision, horizon interval, unit name, effect double precision, longest interval, expected bigint, allow_older boolean, allow_expired boolean) IS 'Has a version score a share of the customers, in percent, and compares what becomes of them with what becomes of as many whom the version in force scores. It is refused where by the profile''s own history it would take too long to find the effect: the part of those who would leave that is kept. Returns the number of the experiment.';

CREATE FUNCTION churn.stop_experiment(profile regclass, reason text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.stop_experiment(profile regclass, reason text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.stop_experiment(profile regclass, reason text) TO churn_loader;
COMMENT ON ROUTINE churn.stop_experiment(profile regclass, reason text) IS 'Ends an experiment: the version in force scores all customers again, from the commit on, and workers and churn.repair score again whom the challenger has scored. Returns the experiment.';

CREATE FUNCTION churn.verify(profile regclass) RETURNS TABLE(key text, column_name text, stored text, expected text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.verify(profile regclass) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.verify(profile regclass) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.verify(profile regclass) TO churn_scorer;
COMMENT ON ROUTINE churn.verify(profile regclass) IS 'Counters and scores that disagree with the truth, row by row; empty when all is well.';

CREATE FUNCTION churn.version() RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn.version() OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.version() TO churn_application;
GRANT EXECUTE ON ROUTINE churn.version() TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.version() TO churn_scorer;
COMMENT ON ROUTINE churn.version() IS 'The release of pgchurn that installed what is in this database.';

CREATE FUNCTION churn.warm() RETURNS integer
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn.warm() OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.warm() TO churn_application;
GRANT EXECUTE ON ROUTINE churn.warm() TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.warm() TO churn_scorer;
COMMENT ON ROUTINE churn.warm() IS 'Loads the packages and active models into this session; returns how many models.';

CREATE FUNCTION churn.what_would_help(profile churn.customers, features text[], below double precision) RETURNS TABLE(changes jsonb, score double precision, distance double precision, reason text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    AS $function$
#variable_conflict use_column
BEGIN
    -- The missing side of an outer join is nobody's row.
    IF num_nonnulls(($1).customer_id, ($1).complaint_count) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT c.changes, c.score, c.distance, c.reason::text
    FROM churn_internal.key_text(($1).customer_id) k (key)
    CROSS JOIN LATERAL churn_internal.smallest_changes(
        1, '[[], []]', ARRAY[0]::double precision[], ARRAY[]::pg_catalog.text[],
        churn_internal.observed_values(churn_internal.version_for(1, k.key), $2), $2, $3,
        k.key
    ) c;
END $function$;
ALTER ROUTINE churn.what_would_help(profile churn.customers, features text[], below double precision) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.what_would_help(profile churn.customers, features text[], below double precision) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.what_would_help(profile churn.customers, features text[], below double precision) TO churn_scorer;
COMMENT ON ROUTINE churn.what_would_help(profile churn.customers, features text[], below double precision) IS 'The smallest changes of these features, one or two at a time, that bring the score of a profile row below a threshold.';

CREATE FUNCTION churn.why_changed(profile regclass, key text) RETURNS TABLE(what text, former text, current text, points double precision)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.why_changed(profile regclass, key text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.why_changed(profile regclass, key text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.why_changed(profile regclass, key text) TO churn_scorer;
COMMENT ON ROUTINE churn.why_changed(profile regclass, key text) IS 'The last two logged scores of a customer side by side, with the features that differ, and what each contributes to the difference.';

CREATE FUNCTION churn.work(batch_size integer DEFAULT 1000, profile regclass DEFAULT NULL::regclass, OUT scored bigint, OUT failed bigint) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn.work(batch_size integer, profile regclass, OUT scored bigint, OUT failed bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.work(batch_size integer, profile regclass, OUT scored bigint, OUT failed bigint) TO churn_loader;
COMMENT ON ROUTINE churn.work(batch_size integer, profile regclass, OUT scored bigint, OUT failed bigint) IS 'Scores one batch of marked customers, of all attachments or of one; returns how many it scored, and how many failed and are tried again later. Waits for no lock.';

CREATE FUNCTION churn.worklist(profile regclass, n integer, spare interval DEFAULT '30 days'::interval) RETURNS TABLE(key text, score double precision, version bigint, arm text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET enable_nestloop TO off
    SET jit TO off
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn.worklist(profile regclass, n integer, spare interval) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn.worklist(profile regclass, n integer, spare interval) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn.worklist(profile regclass, n integer, spare interval) TO churn_scorer;
COMMENT ON ROUTINE churn.worklist(profile regclass, n integer, spare interval) IS 'The customers with the highest scores, to be acted upon: without those who have left, and those who were acted upon a short while ago. While an experiment is under way each arm has as many of them, by its own version''s scores, and the rest its part.';

CREATE FUNCTION churn_internal.abandon_rescoring(attachment_id integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.abandon_rescoring(attachment_id integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.abandon_rescoring(attachment_id integer) IS 'Ends the unfinished run of an attachment, if there is one.';

CREATE FUNCTION churn_internal.active_attestation(attachment_id integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.active_attestation(attachment_id integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.active_attestation(attachment_id integer) IS 'What was signed about the version that scores an attachment, or null.';

CREATE FUNCTION churn_internal.active_deployment(attachment_id integer, OUT version bigint, OUT artifact_sha256 bytea, OUT challenger bigint, OUT challenger_sha256 bytea, OUT salt bigint, OUT share integer) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.active_deployment(attachment_id integer, OUT version bigint, OUT artifact_sha256 bytea, OUT challenger bigint, OUT challenger_sha256 bytea, OUT salt bigint, OUT share integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.active_deployment(attachment_id integer, OUT version bigint, OUT artifact_sha256 bytea, OUT challenger bigint, OUT challenger_sha256 bytea, OUT salt bigint, OUT share integer) IS 'The version that scores an attachment and its digest, and while a release is under way the one that scores a share of the customers; no row while there is none.';

CREATE FUNCTION churn_internal.arm_hash(bytea, bigint) RETURNS integer
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE STRICT;
ALTER ROUTINE churn_internal.arm_hash(bytea, bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.arm_hash(bytea, bigint) IS 'The place of a key among 65,536, given its bytes, in the encoding of the database, and a salt: see churn_internal.in_arm.';

CREATE FUNCTION churn_internal.arm_hashes(bytea[], bigint) RETURNS integer[]
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.arm_hashes(bytea[], bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.arm_hashes(bytea[], bigint) IS 'For each of some keys its place among 65,536, given their bytes and a salt: see churn_internal.in_arm.';

CREATE FUNCTION churn_internal.arms(keys text[], salt bigint, share integer) RETURNS boolean[]
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.arms(keys text[], salt bigint, share integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.arms(keys text[], salt bigint, share integer) IS 'For each of these keys whether a release has its challenger score the customer: see churn_internal.in_arm.';

CREATE FUNCTION churn_internal.array_image(numbers double precision[]) RETURNS bytea
    LANGUAGE internal IMMUTABLE PARALLEL UNSAFE STRICT COST 1;
ALTER ROUTINE churn_internal.array_image(numbers double precision[]) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.array_image(numbers double precision[]) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.array_image(numbers double precision[]) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.array_image(numbers double precision[]) IS 'The bytes of an array, as the server holds it in memory: the quickest way to Python.';

CREATE FUNCTION churn_internal.attachment_of(profile regclass) RETURNS churn.attachments
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.attachment_of(profile regclass) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.attachment_of(profile regclass) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.attachment_of(profile regclass) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.attachment_of(profile regclass) IS 'The attachment of a profile table; an error when it is not attached.';

CREATE FUNCTION churn_internal.attachment_of_version(version bigint) RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.attachment_of_version(version bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.attachment_of_version(version bigint) IS 'The attachment that a model version was registered for; an error when there is no such version.';

CREATE FUNCTION churn_internal.attachment_placeholders(attachment churn.attachments) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.attachment_placeholders(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.attachment_placeholders(attachment churn.attachments) IS 'What stands for the placeholders of the templates in an attachment''s functions.';

CREATE FUNCTION churn_internal.base_of_version(version bigint, OUT base double precision, OUT probability churn_internal.probability) RETURNS record
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.base_of_version(version bigint, OUT base double precision, OUT probability churn_internal.probability) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.base_of_version(version bigint, OUT base double precision, OUT probability churn_internal.probability) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.base_of_version(version bigint, OUT base double precision, OUT probability churn_internal.probability) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.base_of_version(version bigint, OUT base double precision, OUT probability churn_internal.probability) IS 'What the explanations of a version start from, for churn.explain_base.';

CREATE FUNCTION churn_internal.base_type(type oid) RETURNS oid
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.base_type(type oid) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.base_type(type oid) IS 'A type beneath all domains.';

CREATE FUNCTION churn_internal.begin_learning(profile regclass, waits boolean DEFAULT true) RETURNS TABLE(stream_id bigint, base_version bigint, half_life_seconds double precision, min_batch integer, since timestamp with time zone, batch integer, read_until timestamp with time zone, read_digest text, state bytea, state_sha256 bytea, reference text, known_until timestamp with time zone)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.begin_learning(profile regclass, waits boolean) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.begin_learning(profile regclass, waits boolean) TO churn_loader;
COMMENT ON ROUTINE churn_internal.begin_learning(profile regclass, waits boolean) IS 'What pgchurn learn goes on from, which nobody else does until the transaction ends; no row: somebody is at it.';

CREATE FUNCTION churn_internal.begin_rescoring(profile regclass, restart boolean DEFAULT false, abandoned bigint DEFAULT NULL::bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET DateStyle TO 'ISO'
    SET IntervalStyle TO postgres
    SET TimeZone TO 'UTC'
    SET bytea_output TO hex
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C';
ALTER ROUTINE churn_internal.begin_rescoring(profile regclass, restart boolean, abandoned bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.begin_rescoring(profile regclass, restart boolean, abandoned bigint) TO churn_loader;
COMMENT ON ROUTINE churn_internal.begin_rescoring(profile regclass, restart boolean, abandoned bigint) IS 'The unfinished run of a profile under its active model, or else, or to restart, a new one. In place of an abandoned run: null where another one is done already.';

CREATE FUNCTION churn_internal.begin_retraining(request_id bigint) RETURNS TABLE(attempt integer, profile text, label name, training_window interval, known_until timestamp with time zone, version bigint, waiting text, must_be_signed boolean)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.begin_retraining(request_id bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.begin_retraining(request_id bigint) TO churn_loader;
COMMENT ON ROUTINE churn_internal.begin_retraining(request_id bigint) IS 'Notes that a request is taken, and returns what it is about; what it waits for, where that is so. No row: it has ended. Hold it before.';

CREATE FUNCTION churn_internal.cancel_retraining(attachment_id integer, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.cancel_retraining(attachment_id integer, reason text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.cancel_retraining(attachment_id integer, reason text) IS 'Takes back when a profile is retrained, and the request that is open; returns that request, null where there is none.';

CREATE FUNCTION churn_internal.candidate_statements(profile regclass, signature jsonb, OUT layout text, OUT profiles text, OUT sample_keys text, OUT most_rows integer) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.candidate_statements(profile regclass, signature jsonb, OUT layout text, OUT profiles text, OUT sample_keys text, OUT most_rows integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.candidate_statements(profile regclass, signature jsonb, OUT layout text, OUT profiles text, OUT sample_keys text, OUT most_rows integer) TO churn_loader;
COMMENT ON ROUTINE churn_internal.candidate_statements(profile regclass, signature jsonb, OUT layout text, OUT profiles text, OUT sample_keys text, OUT most_rows integer) IS 'SQL that reads the profiles on which a candidate is tried, for whoever may read them, with the layout of what it reads, and how many may be read at most.';

CREATE FUNCTION churn_internal.changed_by_writing(attachment churn.attachments, names text[], OUT changed text[], OUT written boolean) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET extra_float_digits TO '1';
ALTER ROUTINE churn_internal.changed_by_writing(attachment churn.attachments, names text[], OUT changed text[], OUT written boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.changed_by_writing(attachment churn.attachments, names text[], OUT changed text[], OUT written boolean) IS 'Which of these columns that can be features, or with null which of all, change when pgchurn writes a score, by triggers, rules and expressions of others, and whether each of a few rows could be written on trial. What is written is taken back.';

CREATE FUNCTION churn_internal.changed_features(attachment churn.attachments, former text, present text) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.changed_features(attachment churn.attachments, former text, present text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.changed_features(attachment churn.attachments, former text, present text) IS 'SQL of the names of the features in which two rows of a profile differ, among nulls. The count of complaints is pgchurn''s own.';

CREATE FUNCTION churn_internal.changed_outcome(attachment churn.attachments, former text, present text) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.changed_outcome(attachment churn.attachments, former text, present text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.changed_outcome(attachment churn.attachments, former text, present text) IS 'SQL of whether the labels of two rows of a profile say different things.';

CREATE FUNCTION churn_internal.check_activation(attestation text, active_attestation text, allow_older boolean, allow_expired boolean) RETURNS churn_internal.required_boolean
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.check_activation(attestation text, active_attestation text, allow_older boolean, allow_expired boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_activation(attestation text, active_attestation text, allow_older boolean, allow_expired boolean) IS 'An error when the attestation of a version has expired, or is older than that of the active version.';

CREATE FUNCTION churn_internal.check_attachable(profile regclass, profile_key name, complaints regclass, complaint_key name, complaint_time name) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_attachable(profile regclass, profile_key name, complaints regclass, complaint_key name, complaint_time name) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_attachable(profile regclass, profile_key name, complaints regclass, complaint_key name, complaint_time name) IS 'An error, naming cause and remedy, when churn.attach could not do its work.';

CREATE FUNCTION churn_internal.check_attestation(artifact_sha256 bytea, signature jsonb, environment jsonb, attestation text, attestation_signature bytea, attestation_key text, active_attestation text, allow_older boolean) RETURNS churn_internal.required_text
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.check_attestation(artifact_sha256 bytea, signature jsonb, environment jsonb, attestation text, attestation_signature bytea, attestation_key text, active_attestation text, allow_older boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_attestation(artifact_sha256 bytea, signature jsonb, environment jsonb, attestation text, attestation_signature bytea, attestation_key text, active_attestation text, allow_older boolean) IS 'An error unless a candidate is signed as it must be; the digest of the compiled form that is signed with it, empty where there is none.';

CREATE FUNCTION churn_internal.check_batch_size(batch_size integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_batch_size(batch_size integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.check_batch_size(batch_size integer) TO churn_loader;
COMMENT ON ROUTINE churn_internal.check_batch_size(batch_size integer) IS 'An error where no batch has this size.';

CREATE FUNCTION churn_internal.check_batches(procedure text, batch_size integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_batches(procedure text, batch_size integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.check_batches(procedure text, batch_size integer) TO churn_loader;
COMMENT ON ROUTINE churn_internal.check_batches(procedure text, batch_size integer) IS 'An error where a procedure cannot commit, or not batches of this size.';

CREATE FUNCTION churn_internal.check_challenger(attachment_id integer, version bigint, allow_older boolean, allow_expired boolean) RETURNS bytea
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_challenger(attachment_id integer, version bigint, allow_older boolean, allow_expired boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_challenger(attachment_id integer, version bigint, allow_older boolean, allow_expired boolean) IS 'The digest of a version that is to score beside the one in force; an error where churn.activate_model would not activate it.';

CREATE FUNCTION churn_internal.check_code_of_others(profile regclass, profile_key name, complaints regclass, complaint_key name) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_code_of_others(profile regclass, profile_key name, complaints regclass, complaint_key name) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_code_of_others(profile regclass, profile_key name, complaints regclass, complaint_key name) IS 'An error where reading two tables would run code of somebody else as churn_owner.';

CREATE FUNCTION churn_internal.check_comparable(attachment churn.attachments, version bigint, since timestamp with time zone) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_comparable(attachment churn.attachments, version bigint, since timestamp with time zone) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.check_comparable(attachment churn.attachments, version bigint, since timestamp with time zone) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.check_comparable(attachment churn.attachments, version bigint, since timestamp with time zone) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.check_comparable(attachment churn.attachments, version bigint, since timestamp with time zone) IS 'An error where a version cannot be compared on predictions from a time on: one for another table, or one that may have been trained on what became known later.';

CREATE FUNCTION churn_internal.check_deletable(attachment churn.attachments, version bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_deletable(attachment churn.attachments, version bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_deletable(attachment churn.attachments, version bigint) IS 'An error when a version scores, when churn.rollback_model goes back to it, or when stored scores are of it.';

CREATE FUNCTION churn_internal.check_experiment(share double precision, horizon interval, effect double precision) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_experiment(share double precision, horizon interval, effect double precision) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_experiment(share double precision, horizon interval, effect double precision) IS 'An error for arguments that no experiment has.';

CREATE FUNCTION churn_internal.check_inheritance(profile regclass, complaints regclass, are_attached boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_inheritance(profile regclass, complaints regclass, are_attached boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_inheritance(profile regclass, complaints regclass, are_attached boolean) IS 'Refuses tables that are partitions or children, or have foreign ones: triggers of the statement would miss what is written.';

CREATE FUNCTION churn_internal.check_isolation(impossible text, consequence text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_isolation(impossible text, consequence text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_isolation(impossible text, consequence text) IS 'An error in a transaction that does not see what was committed after it began.';

CREATE FUNCTION churn_internal.check_labels(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_labels(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_labels(attachment churn.attachments) IS 'An error where the column that is to tell outcomes is none that training could read.';

CREATE FUNCTION churn_internal.check_model(version bigint) RETURNS churn_internal.required_boolean
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.check_model(version bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_model(version bigint) IS 'An error unless a version loads here and its profile has the features it needs.';

CREATE FUNCTION churn_internal.check_not_released(attachment_id integer, refused text, version bigint DEFAULT NULL::bigint, experiments boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_not_released(attachment_id integer, refused text, version bigint, experiments boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_not_released(attachment_id integer, refused text, version bigint, experiments boolean) IS 'An error while a release of an attachment, or an experiment on it, is under way, or one with this version.';

CREATE FUNCTION churn_internal.check_older_than(older_than interval) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_older_than(older_than interval) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_older_than(older_than interval) IS 'An error where what is to expire would not be of the past.';

CREATE FUNCTION churn_internal.check_publishing(mode text, threshold double precision) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_publishing(mode text, threshold double precision) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_publishing(mode text, threshold double precision) IS 'Refuses a mode of publishing scores that does not exist, or a threshold out of range.';

CREATE FUNCTION churn_internal.check_release(steps double precision[], hold interval, min_customers integer, on_guardrail text, limits jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_release(steps double precision[], hold interval, min_customers integer, on_guardrail text, limits jsonb) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_release(steps double precision[], hold interval, min_customers integer, on_guardrail text, limits jsonb) IS 'An error for what churn.release cannot go by.';

CREATE FUNCTION churn_internal.check_writing(attachment_id integer, OUT reason text, OUT version bigint, OUT changed text[]) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.check_writing(attachment_id integer, OUT reason text, OUT version bigint, OUT changed text[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.check_writing(attachment_id integer, OUT reason text, OUT version bigint, OUT changed text[]) IS 'Warns where a profile with triggers and the like of others cannot be written, or else where its version reads what changes by that; returns the reason, the version and those columns.';

CREATE FUNCTION churn_internal.checked_search_path(write_search_path text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.checked_search_path(write_search_path text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.checked_search_path(write_search_path text) IS 'The schemas in which triggers and checks of others look names up, without pg_temp; an error where they cannot run with these.';

CREATE FUNCTION churn_internal.code_of_others(profile regclass, profile_key name, complaints regclass, complaint_key name) RETURNS TABLE(object text, owner name)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.code_of_others(profile regclass, profile_key name, complaints regclass, complaint_key name) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.code_of_others(profile regclass, profile_key name, complaints regclass, complaint_key name) IS 'What would run in the name of churn_owner when it reads or compares the keys of two tables, or the texts of the first, and does not belong to a superuser.';

CREATE FUNCTION churn_internal.cohort_scores(attachment_id integer, since timestamp with time zone, until timestamp with time zone, horizon interval) RETURNS TABLE(version bigint, outcome boolean, acted_upon boolean, scores bytea)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET enable_nestloop TO off
    SET jit TO off
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn_internal.cohort_scores(attachment_id integer, since timestamp with time zone, until timestamp with time zone, horizon interval) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.cohort_scores(attachment_id integer, since timestamp with time zone, until timestamp with time zone, horizon interval) IS 'The scores of a window, and what became of the customers, for churn.monitor: images of arrays of scores of the same version and outcome.';

CREATE FUNCTION churn_internal.cohort_statement(attachment churn.attachments, by_version boolean, first_score boolean DEFAULT false, as_recorded boolean DEFAULT false, exposed boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.cohort_statement(attachment churn.attachments, by_version boolean, first_score boolean, as_recorded boolean, exposed boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.cohort_statement(attachment churn.attachments, by_version boolean, first_score boolean, as_recorded boolean, exposed boolean) IS 'SQL of the predictions of attachment $1 by version $2, or by any, from $3 and before $4, and what became of the customers within $5, for churn.matured: one row for each who had not left before, or for each and version; the last score, or the first; as it was recorded by $6, or is now. Or of the customers who were exposed in experiment $2.';

CREATE FUNCTION churn_internal.cohorts_to_judge(attachment churn.attachments, until timestamp with time zone) RETURNS TABLE(since timestamp with time zone, until timestamp with time zone, is_due boolean)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn_internal.cohorts_to_judge(attachment churn.attachments, until timestamp with time zone) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.cohorts_to_judge(attachment churn.attachments, until timestamp with time zone) IS 'The windows of churn.monitor whose horizon has passed at a time: those that no window before was late enough for, and those that could not be judged then.';

CREATE FUNCTION churn_internal.column_kind(type oid) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.column_kind(type oid) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.column_kind(type oid) TO churn_loader;
COMMENT ON ROUTINE churn_internal.column_kind(type oid) IS 'How a column of this type can be a feature: number, boolean or text; null: not at all.';

CREATE FUNCTION churn_internal.columns_changed_by_writing(profile regclass) RETURNS text[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.columns_changed_by_writing(profile regclass) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.columns_changed_by_writing(profile regclass) TO churn_loader;
COMMENT ON ROUTINE churn_internal.columns_changed_by_writing(profile regclass) IS 'The columns of a profile that no model should read, because they change when pgchurn writes a score.';

CREATE FUNCTION churn_internal.compare_scores(profile oid, champion bigint, challenger bigint, since timestamp with time zone, until timestamp with time zone, material double precision, expected bigint, confidence double precision, thresholds double precision[], acted_upon boolean) RETURNS TABLE(name churn_internal.required_text, of_champion double precision, of_challenger double precision, difference double precision, lower double precision, upper double precision, n bigint, verdict text, detail text)
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.compare_scores(profile oid, champion bigint, challenger bigint, since timestamp with time zone, until timestamp with time zone, material double precision, expected bigint, confidence double precision, thresholds double precision[], acted_upon boolean) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.compare_scores(profile oid, champion bigint, challenger bigint, since timestamp with time zone, until timestamp with time zone, material double precision, expected bigint, confidence double precision, thresholds double precision[], acted_upon boolean) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.compare_scores(profile oid, champion bigint, challenger bigint, since timestamp with time zone, until timestamp with time zone, material double precision, expected bigint, confidence double precision, thresholds double precision[], acted_upon boolean) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.compare_scores(profile oid, champion bigint, challenger bigint, since timestamp with time zone, until timestamp with time zone, material double precision, expected bigint, confidence double precision, thresholds double precision[], acted_upon boolean) IS 'Replays logged features through two versions, and compares what they say with what became of the customers, for churn.compare.';

CREATE FUNCTION churn_internal.compile_runtime() RETURNS void
    LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.compile_runtime() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.compile_runtime() IS 'Compiles the modules that a first score needs, for all sessions. Where a text or Python itself has changed since, a session compiles the module, which takes it up to 10 ms.';

CREATE FUNCTION churn_internal.complaint_time(attachment churn.attachments) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.complaint_time(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.complaint_time(attachment churn.attachments) IS 'SQL of the time of a complaint c; dates and times without a zone are in UTC.';

CREATE FUNCTION churn_internal.complaints_inserted_1() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    AS $function$
#variable_conflict use_variable
DECLARE
    key pg_catalog.int8;
    complained_at timestamptz;
    version bigint;
    arms bytea;
    trusted_keys text[];
    ignored text;
BEGIN
    NULL;
    -- Several complaints have neither a version nor arms. That there is one is told without
    -- aggregates, and where the two are joined: to set aggregates up took a twentieth of the
    -- whole INSERT, and a filter of its own a hundredth.
    SELECT c.customer_id, c.complained_at, d.version, d.arms,
           ARRAY(SELECT k.fingerprint FROM churn_trust.trusted_keys k WHERE k.revoked_at IS NULL)
    INTO key, complained_at, version, arms, trusted_keys
    FROM inserted c
    LEFT JOIN churn_internal.sole_deployment(1) d
        ON NOT EXISTS (SELECT FROM inserted OFFSET 1);

    -- Twice while a release is under way: then the key says which version it is. An IF of
    -- its own would be set up in each transaction.
    LOOP
        IF version IS NOT NULL THEN
            -- The usual case, one complaint, in one UPDATE: it locks, counts, scores
            -- and writes the row at once. SET evaluates in the order of the columns, so
            -- the two after the score know whether there was one: without, score_changed
            -- leaves no current_schema. A sub-SELECT for the three of them cost a tenth of
            -- the whole INSERT, and a setting asked twice a thirtieth.
            -- Logged in the same statement: nothing.
            UPDATE churn.customers p SET
                complaint_count = p.complaint_count + 1,
                last_complaint_at = greatest(p.last_complaint_at, complained_at),
                churn_score = coalesce(
                    churn_internal.score_changed(
                        1, version, arms, trusted_keys, '[[], []]',
                        ARRAY[]::integer[], ARRAY[]::double precision[], ARRAY[]::pg_catalog.text[]
                    ), p.churn_score
                ),
                churn_model_version = CASE
                    WHEN current_schema IS NULL THEN p.churn_model_version ELSE version
                END,
                churn_scored_at = CASE
                    WHEN current_schema IS NULL THEN p.churn_scored_at ELSE clock_timestamp()
                END
            WHERE p.customer_id OPERATOR(pg_catalog.=) key
            -- Logged: nothing.
            ;
            IF current_schema IS NOT NULL THEN
                RETURN NULL;
            END IF;
            -- What this statement did besides, by a trigger, an upsert or a WITH, may have
            -- counted the new complaint already: then it is counted anew.
            IF current_setting('churn.score_failed') = 'recounted' THEN
                IF false THEN
                    ignored := set_config('churn.score_cause', 'complaint', true);
                END IF;
                PERFORM churn_internal."write_profiles_1"(
                    ARRAY[key], NULL, ARRAY[complained_at]
                );
            ELSE
                PERFORM churn_internal.record_failures(
                    1, version, ARRAY[key::pg_catalog.text], ARRAY[NULL]::double precision[]
                );
            END IF;
        ELSIF octet_length(arms) = 92 THEN
            -- As churn_internal.deployment_for, which would be a second query.
            version := churn_internal.version_of_integer(arms, key);
            CONTINUE;
        -- In an experiment whoever is exposed has to be written down, by the rules.
        ELSIF churn_internal.is_exposed(1, arms, key::pg_catalog.text) THEN
            version := churn_internal.version_of_integer(arms, key);
            CONTINUE;
        ELSE
            IF false THEN
                ignored := set_config('churn.score_cause', 'complaint', true);
            END IF;
            PERFORM churn_internal."write_profiles_1"(
                array_agg(n.key),
                CASE WHEN NOT churn_internal.has_recounted(txid_current())
                     THEN array_agg(n.complaints) END,
                array_agg(n.latest), false
            )
            FROM (
                SELECT c.customer_id::pg_catalog.int8 AS key, count(*) AS complaints,
                       max(c.complained_at) AS latest
                FROM inserted c WHERE c.customer_id IS NOT NULL
                GROUP BY 1
                -- Not in each aggregate, which would sort for itself.
                ORDER BY 1
            ) n
            HAVING count(*) > 0;
        END IF;
        RETURN NULL;
    END LOOP;
END $function$;
ALTER ROUTINE churn_internal.complaints_inserted_1() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.complaints_inserted_1() IS 'Trigger of churn.complaints: keeps counters and scores of churn.customers right.';

CREATE FUNCTION churn_internal.complaints_recounted_1() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    AS $function$
#variable_conflict use_variable
DECLARE
    keys pg_catalog.int8[];
    ignored text;
BEGIN
    IF false THEN
        ignored := set_config('churn.score_cause', 'complaint', true);
    END IF;
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT c.customer_id::pg_catalog.int8) INTO keys
        FROM deleted c WHERE c.customer_id IS NOT NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT m.key) INTO keys
        FROM (
            SELECT n.key FROM (
                SELECT c.customer_id::pg_catalog.int8, c.complained_at, 1 FROM updated c
                UNION ALL
                SELECT c.customer_id::pg_catalog.int8, c.complained_at, -1 FROM former c
            ) n (key, at, change)
            WHERE n.key IS NOT NULL
            GROUP BY n.key, n.at HAVING sum(n.change) <> 0
        ) m;
    ELSE
        -- TRUNCATE also takes complaints away that came after this transaction's
        -- snapshot. Whose they were cannot be seen, but locking their rows fails.
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            PERFORM FROM churn.customers p ORDER BY p.customer_id FOR NO KEY UPDATE;
        END IF;
        SELECT array_agg(p.customer_id ORDER BY p.customer_id) INTO keys
        FROM churn.customers p
        WHERE p.complaint_count <> 0 OR p.last_complaint_at IS NOT NULL;
    END IF;
    IF false AND current_setting('churn.entered', true) <> ''
    AND churn_internal.count_later(
        'change 1', txid_current(), current_setting('churn.entered', true), keys::text[]
    ) THEN
        RETURN NULL;
    END IF;
    PERFORM churn_internal."write_profiles_1"(keys, NULL, NULL, false)
    WHERE keys IS NOT NULL;
    RETURN NULL;
END $function$;
ALTER ROUTINE churn_internal.complaints_recounted_1() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.complaints_recounted_1() IS 'Trigger of churn.complaints: keeps counters and scores of churn.customers right.';

CREATE FUNCTION churn_internal.count_later(what text, transaction_id bigint, entered text, keys text[]) RETURNS boolean
    LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.count_later(what text, transaction_id bigint, entered text, keys text[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.count_later(what text, transaction_id bigint, entered text, keys text[]) IS 'Whether a statement is changing rows of the profile, which may not be written before its end; then remembers whose complaints are to be counted there.';

CREATE FUNCTION churn_internal.count_unrecorded_labels(attachment_id integer) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.count_unrecorded_labels(attachment_id integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.count_unrecorded_labels(attachment_id integer) TO churn_loader;
COMMENT ON ROUTINE churn_internal.count_unrecorded_labels(attachment_id integer) IS 'How many labels of a profile say what was not recorded last, as after a failure; null: it has none.';

CREATE FUNCTION churn_internal.create_attachment_functions(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.create_attachment_functions(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.create_attachment_functions(attachment churn.attachments) IS 'Writes the functions of an attachment for its tables as they are now.';

CREATE FUNCTION churn_internal.create_from_template(template name, placeholders jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.create_from_template(template name, placeholders jsonb) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.create_from_template(template name, placeholders jsonb) IS 'Executes the statements of a template, filled.';

CREATE FUNCTION churn_internal.create_log_predictions(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.create_log_predictions(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.create_log_predictions(attachment churn.attachments) IS 'Writes the function that logs an attachment''s scores.';

CREATE FUNCTION churn_internal.create_prediction_partitions() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn_internal.create_prediction_partitions() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.create_prediction_partitions() IS 'Makes the coming partitions of churn.predictions, and moves to them what its default partition has caught.';

CREATE FUNCTION churn_internal.create_publish_scores(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.create_publish_scores(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.create_publish_scores(attachment churn.attachments) IS 'Writes the trigger that tells consumers of an attachment''s scores, or silences it.';

CREATE FUNCTION churn_internal.customer_of_row(attachment churn.attachments, OUT customer text, OUT equals text) RETURNS record
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.customer_of_row(attachment churn.attachments, OUT customer text, OUT equals text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.customer_of_row(attachment churn.attachments, OUT customer text, OUT equals text) IS 'SQL of what rows of the log, of outcomes and of actions are of one customer by, to be formatted with the name of such a row, and the operator that compares it: equal keys that have different texts are one customer.';

CREATE FUNCTION churn_internal.customers_needed(base_rate double precision, effect double precision, explained double precision, power double precision) RETURNS double precision
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.customers_needed(base_rate double precision, effect double precision, explained double precision, power double precision) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.customers_needed(base_rate double precision, effect double precision, explained double precision, power double precision) IS 'How many customers of both arms an experiment takes.';

CREATE FUNCTION churn_internal.cut_text(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.cut_text(value text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.cut_text(value text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.cut_text(value text) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.cut_text(value text) IS 'As much of a text as can tell it from every category: a model may have none of more than 1000 characters.';

CREATE FUNCTION churn_internal.deployment_for(attachment_id integer, key text, OUT version bigint, OUT arms bytea) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.deployment_for(attachment_id integer, key text, OUT version bigint, OUT arms bytea) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.deployment_for(attachment_id integer, key text, OUT version bigint, OUT arms bytea) IS 'The version that scores the customer with this key, as the profile stores it, and where its digest is: see churn.deployments.arms. No row while there is none. Sets of rows are split by churn_internal.arms.';

CREATE FUNCTION churn_internal.dequeue_missing_profiles_1(enqueued text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    AS $function$
DECLARE
    gone text[];
BEGIN
    -- Which profiles are still gone once their marks are locked, only a new snapshot
    -- tells, and the higher levels take none.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN;
    END IF;
    DELETE FROM churn_internal.pending_profiles m
    WHERE m.ctid = ANY (ARRAY(
        SELECT g.ctid FROM churn_internal.pending_profiles g
        WHERE g.attachment_id = 1 AND g.key = ANY (enqueued)
          AND NOT EXISTS (
            SELECT FROM churn.customers p
            WHERE p.customer_id OPERATOR(pg_catalog.=) g.key::pg_catalog.int8
        )
        FOR UPDATE SKIP LOCKED
    ));
    -- Whoever inserts a profile holds this other mark of its key until commit. So the
    -- marks are locked first.
    SELECT array_agg(r.key) INTO gone
    FROM (
        SELECT m.key FROM churn_internal.failed_profiles m
        WHERE m.attachment_id = 1 AND m.key = ANY (enqueued)
          AND NOT EXISTS (
            SELECT FROM churn.customers p
            WHERE p.customer_id OPERATOR(pg_catalog.=) m.key::pg_catalog.int8
        )
        FOR UPDATE SKIP LOCKED
    ) r;
    IF gone IS NOT NULL THEN
        DELETE FROM churn_internal.failed_profiles m
        WHERE m.attachment_id = 1 AND m.key = ANY (gone)
          AND NOT EXISTS (
            SELECT FROM churn.customers p
            WHERE p.customer_id OPERATOR(pg_catalog.=) m.key::pg_catalog.int8
        );
    END IF;
END $function$;
ALTER ROUTINE churn_internal.dequeue_missing_profiles_1(enqueued text[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.dequeue_missing_profiles_1(enqueued text[]) IS 'Clears those of these marks whose profiles are gone.';

CREATE FUNCTION churn_internal.describe_triggers(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.describe_triggers(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.describe_triggers(attachment churn.attachments) IS 'Comments on the triggers of a profile that come and go, where whoever calls it may.';

CREATE FUNCTION churn_internal.end_change(entered text, what text, depth integer, transaction_id bigint, OUT around text, OUT keys text[]) RETURNS record
    LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.end_change(entered text, what text, depth integer, transaction_id bigint, OUT around text, OUT keys text[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.end_change(entered text, what text, depth integer, transaction_id bigint, OUT around text, OUT keys text[]) IS 'Forgets that others change rows of the profile; returns what to set churn.entered to, and whose complaints churn_internal.count_later has left to be counted now.';

CREATE FUNCTION churn_internal.end_release(attachment_id integer, action text, reason text, marks boolean DEFAULT true) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.end_release(attachment_id integer, action text, reason text, marks boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.end_release(attachment_id integer, action text, reason text, marks boolean) IS 'Has the version in force score all customers again, and marks those whom the other one has scored; returns whether a release or an experiment was under way. Lock the deployments before.';

CREATE FUNCTION churn_internal.end_releases_of_key(fingerprint text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.end_releases_of_key(fingerprint text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.end_releases_of_key(fingerprint text) IS 'Ends the releases of versions that a key has signed, and experiments with them.';

CREATE FUNCTION churn_internal.end_rescoring(run_id bigint, outcome text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.end_rescoring(run_id bigint, outcome text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.end_rescoring(run_id bigint, outcome text) IS 'Ends a run, unless another session has: keeps how many rows were done.';

CREATE FUNCTION churn_internal.enqueue_profiles(attachment_id integer, keys text[], have_scores boolean[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.enqueue_profiles(attachment_id integer, keys text[], have_scores boolean[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.enqueue_profiles(attachment_id integer, keys text[], have_scores boolean[]) IS 'Marks profiles that changed, each once, for churn.work to score: those that have a score, those that have none, and where it is null none, since they wait already.';

CREATE FUNCTION churn_internal.enter(what text, depth integer, transaction_id bigint, entered text) RETURNS text
    LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.enter(what text, depth integer, transaction_id bigint, entered text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.enter(what text, depth integer, transaction_id bigint, entered text) IS 'Remembers, where nobody can pretend it, that something has begun at this depth of triggers; returns what to set churn.entered to.';

CREATE FUNCTION churn_internal.equals_key(attachment churn.attachments) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.equals_key(attachment churn.attachments) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.equals_key(attachment churn.attachments) TO churn_loader;
COMMENT ON ROUTINE churn_internal.equals_key(attachment churn.attachments) IS 'The operator by which a profile''s keys are equal, as SQL that finds it whatever the search_path.';

CREATE FUNCTION churn_internal.evaluate_candidate(attachment_id integer, artifact bytea, signature jsonb, environment jsonb, layout text, replay_numbers bytea, replay_texts text[], sample_numbers bytea, sample_texts text[], compile_form boolean, training_sample jsonb, held_out jsonb, OUT replayed double precision[], OUT compiled bytea, OUT parity double precision, OUT rows_compared churn_internal.required_integer, OUT problem text, OUT explanation bytea, OUT explanation_problem text, OUT reference jsonb) RETURNS record
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.evaluate_candidate(attachment_id integer, artifact bytea, signature jsonb, environment jsonb, layout text, replay_numbers bytea, replay_texts text[], sample_numbers bytea, sample_texts text[], compile_form boolean, training_sample jsonb, held_out jsonb, OUT replayed double precision[], OUT compiled bytea, OUT parity double precision, OUT rows_compared churn_internal.required_integer, OUT problem text, OUT explanation bytea, OUT explanation_problem text, OUT reference jsonb) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.evaluate_candidate(attachment_id integer, artifact bytea, signature jsonb, environment jsonb, layout text, replay_numbers bytea, replay_texts text[], sample_numbers bytea, sample_texts text[], compile_form boolean, training_sample jsonb, held_out jsonb, OUT replayed double precision[], OUT compiled bytea, OUT parity double precision, OUT rows_compared churn_internal.required_integer, OUT problem text, OUT explanation bytea, OUT explanation_problem text, OUT reference jsonb) IS 'Scores rows with a candidate''s pickle, compiles it, compares the two forms, and makes what explains its scores.';

CREATE FUNCTION churn_internal.experiment_history(attachment churn.attachments, horizon interval) RETURNS TABLE(key text, scored_at timestamp with time zone, score double precision, has_left boolean)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET enable_nestloop TO off
    SET jit TO off
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn_internal.experiment_history(attachment churn.attachments, horizon interval) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.experiment_history(attachment churn.attachments, horizon interval) IS 'The first logged score of each customer in a year whose horizon has passed, and whether the customer left within it: what an experiment would have been on.';

CREATE FUNCTION churn_internal.experiment_results(plan churn_internal.experiment_plans, until timestamp with time zone, OUT champion_customers bigint, OUT challenger_customers bigint, OUT champion_known bigint, OUT challenger_known bigint, OUT champion_left bigint, OUT challenger_left bigint, OUT difference double precision, OUT lower double precision, OUT upper double precision, OUT verdict text, OUT is_mismatch boolean, OUT first_known_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET enable_nestloop TO off
    SET jit TO off
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn_internal.experiment_results(plan churn_internal.experiment_plans, until timestamp with time zone, OUT champion_customers bigint, OUT challenger_customers bigint, OUT champion_known bigint, OUT challenger_known bigint, OUT champion_left bigint, OUT challenger_left bigint, OUT difference double precision, OUT lower double precision, OUT upper double precision, OUT verdict text, OUT is_mismatch boolean, OUT first_known_at timestamp with time zone) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.experiment_results(plan churn_internal.experiment_plans, until timestamp with time zone, OUT champion_customers bigint, OUT challenger_customers bigint, OUT champion_known bigint, OUT challenger_known bigint, OUT champion_left bigint, OUT challenger_left bigint, OUT difference double precision, OUT lower double precision, OUT upper double precision, OUT verdict text, OUT is_mismatch boolean, OUT first_known_at timestamp with time zone) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.experiment_results(plan churn_internal.experiment_plans, until timestamp with time zone, OUT champion_customers bigint, OUT challenger_customers bigint, OUT champion_known bigint, OUT challenger_known bigint, OUT champion_left bigint, OUT challenger_left bigint, OUT difference double precision, OUT lower double precision, OUT upper double precision, OUT verdict text, OUT is_mismatch boolean, OUT first_known_at timestamp with time zone) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.experiment_results(plan churn_internal.experiment_plans, until timestamp with time zone, OUT champion_customers bigint, OUT challenger_customers bigint, OUT champion_known bigint, OUT challenger_known bigint, OUT champion_left bigint, OUT challenger_left bigint, OUT difference double precision, OUT lower double precision, OUT upper double precision, OUT verdict text, OUT is_mismatch boolean, OUT first_known_at timestamp with time zone) IS 'What an experiment has shown until a time: whom its arms have got, of whom it is known what became of them, and the difference.';

CREATE FUNCTION churn_internal.explain_change(version bigint, former json, current json, former_score double precision, current_score double precision) RETURNS TABLE(feature churn_internal.required_text, points double precision)
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.explain_change(version bigint, former json, current json, former_score double precision, current_score double precision) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.explain_change(version bigint, former json, current json, former_score double precision, current_score double precision) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.explain_change(version bigint, former json, current json, former_score double precision, current_score double precision) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.explain_change(version bigint, former json, current json, former_score double precision, current_score double precision) IS 'What each feature that differs contributes to the difference of two scores, for churn.why_changed.';

CREATE FUNCTION churn_internal.explain_features(attachment_id integer, layout text, numbers double precision[], texts text[], typical_values jsonb, top_k integer, key text) RETURNS TABLE(feature text, value text, contribution double precision, points double precision, typical text, reason churn_internal.required_text)
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.explain_features(attachment_id integer, layout text, numbers double precision[], texts text[], typical_values jsonb, top_k integer, key text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.explain_features(attachment_id integer, layout text, numbers double precision[], texts text[], typical_values jsonb, top_k integer, key text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.explain_features(attachment_id integer, layout text, numbers double precision[], texts text[], typical_values jsonb, top_k integer, key text) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.explain_features(attachment_id integer, layout text, numbers double precision[], texts text[], typical_values jsonb, top_k integer, key text) IS 'What each feature of a profile row contributes to its score under the version that scores its key, for churn.explain.';

CREATE FUNCTION churn_internal.explain_many(version bigint, numbers bytea, texts text[], rows_before bigint, on_error text, OUT scores churn_internal.probabilities, OUT contributions text[]) RETURNS record
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.explain_many(version bigint, numbers bytea, texts text[], rows_before bigint, on_error text, OUT scores churn_internal.probabilities, OUT contributions text[]) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.explain_many(version bigint, numbers bytea, texts text[], rows_before bigint, on_error text, OUT scores churn_internal.probabilities, OUT contributions text[]) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.explain_many(version bigint, numbers bytea, texts text[], rows_before bigint, on_error text, OUT scores churn_internal.probabilities, OUT contributions text[]) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.explain_many(version bigint, numbers bytea, texts text[], rows_before bigint, on_error text, OUT scores churn_internal.probabilities, OUT contributions text[]) IS 'The same as churn_internal.predict_many, and what each feature contributes to the log odds, a text of JSON for each row.';

CREATE FUNCTION churn_internal.explain_values(version bigint, features json, score double precision, typical_values jsonb, top_k integer) RETURNS TABLE(feature text, value text, contribution double precision, points double precision, typical text, reason churn_internal.required_text)
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.explain_values(version bigint, features json, score double precision, typical_values jsonb, top_k integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.explain_values(version bigint, features json, score double precision, typical_values jsonb, top_k integer) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.explain_values(version bigint, features json, score double precision, typical_values jsonb, top_k integer) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.explain_values(version bigint, features json, score double precision, typical_values jsonb, top_k integer) IS 'What each feature contributes to a score that a version has given for these values, for churn.explain_prediction.';

CREATE FUNCTION churn_internal.failed_profiles_1(OUT failed churn_internal.failed_profiles, OUT waiting boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m, p.customer_id IS NOT NULL
              AND (p.churn_scored_at > m.last_failed_at) IS NOT TRUE
    FROM churn_internal.failed_profiles m
    LEFT JOIN churn.customers p ON p.customer_id OPERATOR(pg_catalog.=) m.key::pg_catalog.int8
    WHERE m.attachment_id = 1;
END $function$;
ALTER ROUTINE churn_internal.failed_profiles_1(OUT failed churn_internal.failed_profiles, OUT waiting boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.failed_profiles_1(OUT failed churn_internal.failed_profiles, OUT waiting boolean) IS 'Marks of profiles, and whether these still wait to be scored.';

CREATE FUNCTION churn_internal.failures_of(attachment_id integer) RETURNS TABLE(version bigint, sqlstate text, reason text, customers bigint, waiting bigint, failures numeric, first_failed_at timestamp with time zone, last_failed_at timestamp with time zone)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.failures_of(attachment_id integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.failures_of(attachment_id integer) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.failures_of(attachment_id integer) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.failures_of(attachment_id integer) IS 'What failed to be scored in an attachment, by version and reason.';

CREATE FUNCTION churn_internal.family_operator(family oid, strategy integer, left_type oid, right_type oid) RETURNS oid
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.family_operator(family oid, strategy integer, left_type oid, right_type oid) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.family_operator(family oid, strategy integer, left_type oid, right_type oid) IS 'An operator of a family by its strategy, as its access method numbers them.';

CREATE FUNCTION churn_internal.feature_arrays(attachment churn.attachments, row_name name, complaint_count text, null_number text, OUT numbers text, OUT texts text, OUT integers text, OUT doubles text, OUT short_texts text) RETURNS record
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.feature_arrays(attachment churn.attachments, row_name name, complaint_count text, null_number text, OUT numbers text, OUT texts text, OUT integers text, OUT doubles text, OUT short_texts text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.feature_arrays(attachment churn.attachments, row_name name, complaint_count text, null_number text, OUT numbers text, OUT texts text, OUT integers text, OUT doubles text, OUT short_texts text) IS 'SQL of the two arrays, of numbers and of texts, that carry a profile row to a model; and of three that are quicker to make for a single row, since each cast takes 1,000 instructions to set up: of the numbers that are integers, of the others, and of the texts.';

CREATE FUNCTION churn_internal.feature_expression(type oid, modifier integer, value text, alone boolean DEFAULT false) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.feature_expression(type oid, modifier integer, value text, alone boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.feature_expression(type oid, modifier integer, value text, alone boolean) IS 'SQL that reads a value of this type as models take it, which is as client libraries give it: a double, or a text. Alone: in the way that is quickest for a single row.';

CREATE FUNCTION churn_internal.feature_names(signature jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.feature_names(signature jsonb) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.feature_names(signature jsonb) IS 'Names of the features of a signature.';

CREATE FUNCTION churn_internal.features_as_json(attachment churn.attachments, row_name text, alone boolean DEFAULT false) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.features_as_json(attachment churn.attachments, row_name text, alone boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.features_as_json(attachment churn.attachments, row_name text, alone boolean) IS 'SQL of a profile row''s feature values by name, of every version that there is: numbers as they are, and texts as models take them. Alone: see feature_expression.';

CREATE FUNCTION churn_internal.features_changed_by_writing(version bigint) RETURNS text[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.features_changed_by_writing(version bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.features_changed_by_writing(version bigint) TO churn_loader;
COMMENT ON ROUTINE churn_internal.features_changed_by_writing(version bigint) IS 'The features of a version that change when pgchurn writes a score.';

CREATE FUNCTION churn_internal.features_of_version(version bigint, typical_values jsonb) RETURNS TABLE(feature churn_internal.required_text, contribution double precision, importance double precision, typical text)
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.features_of_version(version bigint, typical_values jsonb) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.features_of_version(version bigint, typical_values jsonb) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.features_of_version(version bigint, typical_values jsonb) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.features_of_version(version bigint, typical_values jsonb) IS 'What a version goes by, for churn.global_explain.';

CREATE FUNCTION churn_internal.fetch_rows(cursor refcursor, batch_size integer) RETURNS TABLE(numbers double precision[], texts text[], passed jsonb)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.fetch_rows(cursor refcursor, batch_size integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.fetch_rows(cursor refcursor, batch_size integer) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.fetch_rows(cursor refcursor, batch_size integer) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.fetch_rows(cursor refcursor, batch_size integer) IS 'The next rows of a cursor that churn.predict_query has opened.';

CREATE FUNCTION churn_internal.finish_retraining(request_id bigint, attempt integer, decision text, decision_reason text, evidence jsonb, champion bigint, steps double precision[], hold interval, min_customers integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.finish_retraining(request_id bigint, attempt integer, decision text, decision_reason text, evidence jsonb, champion bigint, steps double precision[], hold interval, min_customers integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.finish_retraining(request_id bigint, attempt integer, decision text, decision_reason text, evidence jsonb, champion bigint, steps double precision[], hold interval, min_customers integer) TO churn_loader;
COMMENT ON ROUTINE churn_internal.finish_retraining(request_id bigint, attempt integer, decision text, decision_reason text, evidence jsonb, champion bigint, steps double precision[], hold interval, min_customers integer) IS 'Ends a request with a decision and what it rests on, and starts the release where the decision is that; an error where the version in force is not the one that was compared, or the request is somebody else''s. Returns the release.';

CREATE FUNCTION churn_internal.fit_functions(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.fit_functions(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.fit_functions(attachment churn.attachments) IS 'Has an attachment''s functions carry the features of the versions that there are, after one came or went.';

CREATE FUNCTION churn_internal.fit_layout(attachment_id integer) RETURNS churn.attachments
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.fit_layout(attachment_id integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.fit_layout(attachment_id integer) IS 'Has an attachment carry the features of the versions that there are, and no other column. Where that is a change, its functions have to be written anew.';

CREATE FUNCTION churn_internal.fit_profile_triggers(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.fit_profile_triggers(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.fit_profile_triggers(attachment churn.attachments) IS 'Creates the triggers that score updated profiles, log scores and count late, fitted to who writes and what others have put on the table.';

CREATE FUNCTION churn_internal.fix_key_settings(functions text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.fix_key_settings(functions text[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.fix_key_settings(functions text[]) IS 'Has generated functions write and read keys alike in every session.';

CREATE FUNCTION churn_internal.follow_altered_tables() RETURNS event_trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.follow_altered_tables() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.follow_altered_tables() IS 'Event trigger: keeps scoring going when columns are added, renamed or dropped, and when a type, operator or collation of keys, or its extension, gets another name; refuses what would have reading them run code of others.';

CREATE FUNCTION churn_internal.grant_schemas(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.grant_schemas(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.grant_schemas(attachment churn.attachments) IS 'Lets the owner of an attachment''s functions use the schemas of what they name.';

CREATE FUNCTION churn_internal.has_changed_models() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.has_changed_models() OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.has_changed_models() TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.has_changed_models() TO churn_scorer;
COMMENT ON ROUTINE churn_internal.has_changed_models() IS 'Whether this transaction has activated, trusted or deleted anything that scoring depends on, or may have, also if it was rolled back to a savepoint since.';

CREATE FUNCTION churn_internal.has_label(attachment churn.attachments) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.has_label(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.has_label(attachment churn.attachments) IS 'Whether a profile has the column that is to tell outcomes, of a type that can.';

CREATE FUNCTION churn_internal.has_recounted(transaction_id bigint) RETURNS boolean
    LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.has_recounted(transaction_id bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.has_recounted(transaction_id bigint) IS 'Whether complaints were counted anew in this session''s transaction.';

CREATE FUNCTION churn_internal.has_unique_key(profile regclass, profile_key name) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.has_unique_key(profile regclass, profile_key name) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.has_unique_key(profile regclass, profile_key name) IS 'Whether an index keeps the keys of a profile unique, as their type compares them.';

CREATE FUNCTION churn_internal.hold_retraining(profiles regclass[], besides bigint[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.hold_retraining(profiles regclass[], besides bigint[]) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.hold_retraining(profiles regclass[], besides bigint[]) TO churn_loader;
COMMENT ON ROUTINE churn_internal.hold_retraining(profiles regclass[], besides bigint[]) IS 'Returns a request to retrain that nobody else holds, of these profiles, null: of any, and none of those named; it is held until the transaction ends. Null: there is none.';

CREATE FUNCTION churn_internal.in_arm(key text, salt bigint, share integer) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.in_arm(key text, salt bigint, share integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.in_arm(key text, salt bigint, share integer) IS 'Whether a release has its challenger score the customer with this key, as the profile stores it: given its salt, and its share in 65,536ths.';

CREATE FUNCTION churn_internal.inner_write(around bigint, own bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.inner_write(around bigint, own bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.inner_write(around bigint, own bigint) IS 'What churn_internal.own_writes is set to for a write within another one; null: there are too many within each other.';

CREATE FUNCTION churn_internal.insert_known_outcome() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.insert_known_outcome() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.insert_known_outcome() IS 'Trigger of churn.known_outcomes: records what is inserted.';

CREATE FUNCTION churn_internal.is_cast(source oid, target oid, binary_too boolean) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.is_cast(source oid, target oid, binary_too boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.is_cast(source oid, target oid, binary_too boolean) IS 'Whether values of one type, which is no domain, are taken for another without being asked, or also whether they are the same bytes.';

CREATE FUNCTION churn_internal.is_clearly_inside(value double precision, lower double precision, upper double precision, "limit" double precision) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.is_clearly_inside(value double precision, lower double precision, upper double precision, "limit" double precision) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.is_clearly_inside(value double precision, lower double precision, upper double precision, "limit" double precision) IS 'Whether a value is where it is expected, or below four fifths of its limit: what ends an alert, so that one does not come and go with every window.';

CREATE FUNCTION churn_internal.is_exposed(attachment_id integer, arms bytea, key text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE STRICT
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.is_exposed(attachment_id integer, arms bytea, key text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.is_exposed(attachment_id integer, arms bytea, key text) IS 'Whether no exposure has to be written when the customer with this key is scored in an experiment: there is one, or the customer is in neither of its arms.';

CREATE FUNCTION churn_internal.is_integer(type oid) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.is_integer(type oid) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.is_integer(type oid) IS 'Whether all values of a type fit into an integer, a boolean as 0 or 1.';

CREATE FUNCTION churn_internal.is_released(attachment_id integer) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.is_released(attachment_id integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.is_released(attachment_id integer) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.is_released(attachment_id integer) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.is_released(attachment_id integer) IS 'Whether a release has two versions score the customers of an attachment.';

CREATE FUNCTION churn_internal.judge_experiment(sums bytea, challenger_leavers bytea, champion_leavers bytea, expected bigint, challenger_exposed bigint, champion_exposed bigint) RETURNS TABLE(verdict churn_internal.required_text, difference double precision, lower double precision, upper double precision, is_mismatch boolean)
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.judge_experiment(sums bytea, challenger_leavers bytea, champion_leavers bytea, expected bigint, challenger_exposed bigint, champion_exposed bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.judge_experiment(sums bytea, challenger_leavers bytea, champion_leavers bytea, expected bigint, challenger_exposed bigint, champion_exposed bigint) IS 'Which version of an experiment loses fewer customers, by the sums over its arms, who left by their places in them, where they are few, and how many were exposed.';

CREATE FUNCTION churn_internal.keep_attached_tables() RETURNS event_trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.keep_attached_tables() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.keep_attached_tables() IS 'Event trigger: an attached table is detached before it is dropped, one that was attached is known as dropped, and a dropped column is scored without.';

CREATE FUNCTION churn_internal.keep_unique_keys() RETURNS event_trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.keep_unique_keys() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.keep_unique_keys() IS 'Event trigger: refuses to drop the last index that keeps the keys of a profile unique.';

CREATE FUNCTION churn_internal.key_comparison(profile regclass, profile_key name, complaints regclass, complaint_key name, OUT key_type oid, OUT key_collation oid, OUT one_text boolean, OUT common_type oid, OUT reference_type oid, OUT reference_collation oid, OUT equals_key oid, OUT equals_common oid, OUT reference_equals oid, OUT is_after oid, OUT is_through oid, OUT mismatch text, OUT reason text, OUT castable boolean) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.key_comparison(profile regclass, profile_key name, complaints regclass, complaint_key name, OUT key_type oid, OUT key_collation oid, OUT one_text boolean, OUT common_type oid, OUT reference_type oid, OUT reference_collation oid, OUT equals_key oid, OUT equals_common oid, OUT reference_equals oid, OUT is_after oid, OUT is_through oid, OUT mismatch text, OUT reason text, OUT castable boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.key_comparison(profile regclass, profile_key name, complaints regclass, complaint_key name, OUT key_type oid, OUT key_collation oid, OUT one_text boolean, OUT common_type oid, OUT reference_type oid, OUT reference_collation oid, OUT equals_key oid, OUT equals_common oid, OUT reference_equals oid, OUT is_after oid, OUT is_through oid, OUT mismatch text, OUT reason text, OUT castable boolean) IS 'How the keys of a profile are compared, which is as a foreign key does: their type, beneath all domains, their collation, and whether equal ones have one text; the type in which keys of both tables travel; of what type and collation the column of complaints is for its index to find it; the operators by which a key equals another, and one of the common type, by which that column equals one of the common type, and by which keys are in order. What a foreign key would be refused for and why, and whether a cast can still be asked for. No type: the column is gone.';

CREATE FUNCTION churn_internal.key_order(attachment churn.attachments) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.key_order(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.key_order(attachment churn.attachments) IS 'Type and collation of a profile''s key, which say in what order keys are.';

CREATE FUNCTION churn_internal.key_spellings(type text, key text) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.key_spellings(type text, key text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.key_spellings(type text, key text) IS 'The texts that a key may have been stored as, itself included.';

CREATE FUNCTION churn_internal.key_text(key anyelement) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET DateStyle TO 'ISO'
    SET IntervalStyle TO postgres
    SET TimeZone TO 'UTC'
    SET bytea_output TO hex
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C';
ALTER ROUTINE churn_internal.key_text(key anyelement) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.key_text(key anyelement) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.key_text(key anyelement) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.key_text(key anyelement) IS 'The text that a key is stored as, whatever the session''s settings are.';

CREATE FUNCTION churn_internal.label_expression(type oid, modifier integer, value text) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.label_expression(type oid, modifier integer, value text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.label_expression(type oid, modifier integer, value text) IS 'SQL of a label of this type as lower-case text, a whole number without its decimals; null: nothing of this type can be a label.';

CREATE FUNCTION churn_internal.label_value(type oid, modifier integer, value text) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.label_value(type oid, modifier integer, value text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.label_value(type oid, modifier integer, value text) IS 'SQL of a label of this type as a boolean, a number, or a text.';

CREATE FUNCTION churn_internal.layout(attachment churn.attachments) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.layout(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.layout(attachment churn.attachments) IS 'The columns that an attachment passes to a model, in their order: JSON of the two lists, of numbers and of texts. It goes with the arrays that it is of, so that whoever still runs the function of before is understood.';

CREATE FUNCTION churn_internal.learnable_rows(stream_id bigint, read_until timestamp with time zone, read_digest text, until timestamp with time zone, known_until timestamp with time zone) RETURNS TABLE(predicted_at timestamp with time zone, digest text, features text, outcome boolean, acted_upon boolean)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET enable_nestloop TO off
    SET jit TO off
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn_internal.learnable_rows(stream_id bigint, read_until timestamp with time zone, read_digest text, until timestamp with time zone, known_until timestamp with time zone) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.learnable_rows(stream_id bigint, read_until timestamp with time zone, read_digest text, until timestamp with time zone, known_until timestamp with time zone) TO churn_loader;
COMMENT ON ROUTINE churn_internal.learnable_rows(stream_id bigint, read_until timestamp with time zone, read_digest text, until timestamp with time zone, known_until timestamp with time zone) IS 'What a stream learns after a row, in order: logged predictions that are mature, and the outcomes that were recorded by a time.';

CREATE FUNCTION churn_internal.load_runtime() RETURNS void
    LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.load_runtime() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.load_runtime() IS 'Lets this session import the modules of the schema churn_runtime, and makes what the other functions call: see plpython/README.md.';

CREATE FUNCTION churn_internal.lock_deployments(attachment_id integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.lock_deployments(attachment_id integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.lock_deployments(attachment_id integer) IS 'Serialises activations and rollbacks of one attachment until commit.';

CREATE FUNCTION churn_internal.logging(attachment churn.attachments, is_logged text, cause text, counted_in text DEFAULT NULL::text, alone boolean DEFAULT false) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.logging(attachment churn.attachments, is_logged text, cause text, counted_in text, alone boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.logging(attachment churn.attachments, is_logged text, cause text, counted_in text, alone boolean) IS 'What stands before and after an UPDATE of a profile for it to log the scores that it stores: those of rows of which is_logged, SQL, is true, under this cause, SQL. counted_in: the variable that holds how many rows were updated.';

CREATE FUNCTION churn_internal.mark_failures(attachment_id integer, version bigint, keys text[], sqlstates text[], reasons text[], enqueued_at timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], uncounted boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.mark_failures(attachment_id integer, version bigint, keys text[], sqlstates text[], reasons text[], enqueued_at timestamp with time zone[], uncounted boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.mark_failures(attachment_id integer, version bigint, keys text[], sqlstates text[], reasons text[], enqueued_at timestamp with time zone[], uncounted boolean) IS 'Marks the profiles that were not scored or not written, with the reason.';

CREATE FUNCTION churn_internal.may_have_recounted() RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.may_have_recounted() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.may_have_recounted() IS 'Whether it is worth asking churn_internal.has_recounted, which is sure.';

CREATE FUNCTION churn_internal.measure_drift(opened refcursor, is_logged boolean) RETURNS TABLE(version bigint, metric text, feature text, value double precision, lower double precision, upper double precision, "limit" double precision, n bigint, verdict churn_internal.required_text, detail text)
    LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.measure_drift(opened refcursor, is_logged boolean) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.measure_drift(opened refcursor, is_logged boolean) IS 'What churn.monitor finds in the rows of a cursor, those of a window, by version: whether inputs and scores are distributed as in the version''s reference, and whether their values are sound.';

CREATE FUNCTION churn_internal.measure_loss(plan churn_internal.release_plans, step integer) RETURNS SETOF churn.release_evidence
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.measure_loss(plan churn_internal.release_plans, step integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.measure_loss(plan churn_internal.release_plans, step integer) IS 'Compares the versions of a release on customers of whom it is known what became of them, once an hour, and keeps what churn.compare says. Nothing where no outcomes are recorded.';

CREATE FUNCTION churn_internal.measure_performance(attachment_id integer, since timestamp with time zone, until timestamp with time zone) RETURNS TABLE(since timestamp with time zone, until timestamp with time zone, version bigint, metric text, feature text, value double precision, lower double precision, upper double precision, "limit" double precision, n bigint, verdict churn_internal.required_text, detail text)
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn_internal.measure_performance(attachment_id integer, since timestamp with time zone, until timestamp with time zone) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.measure_performance(attachment_id integer, since timestamp with time zone, until timestamp with time zone) IS 'How well a profile is scored, for churn.monitor: estimated of a window, and realised of those before whose horizon has passed at its end.';

CREATE FUNCTION churn_internal.measure_release(plan churn_internal.release_plans, step integer, since timestamp with time zone) RETURNS SETOF churn.release_evidence
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.measure_release(plan churn_internal.release_plans, step integer, since timestamp with time zone) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.measure_release(plan churn_internal.release_plans, step integer, since timestamp with time zone) IS 'Has both versions of a release score customers that its step has scored, and keeps what the guardrails say of them.';

CREATE FUNCTION churn_internal.measure_window(profile regclass, since timestamp with time zone, until timestamp with time zone) RETURNS SETOF churn.monitor_results
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC'
    SET cursor_tuple_fraction TO '1';
ALTER ROUTINE churn_internal.measure_window(profile regclass, since timestamp with time zone, until timestamp with time zone) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.measure_window(profile regclass, since timestamp with time zone, until timestamp with time zone) TO churn_loader;
COMMENT ON ROUTINE churn_internal.measure_window(profile regclass, since timestamp with time zone, until timestamp with time zone) IS 'Measures a window for churn.monitor; returns the rows of churn.monitor_results that it wrote.';

CREATE FUNCTION churn_internal.mend_attachment(attachment_id integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.mend_attachment(attachment_id integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.mend_attachment(attachment_id integer) IS 'Gives an attachment the rights, functions and triggers that churn.attach gave it.';

CREATE FUNCTION churn_internal.monitored_rows(attachment churn.attachments, from_log boolean, since timestamp with time zone, until timestamp with time zone) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET DateStyle TO 'ISO'
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn_internal.monitored_rows(attachment churn.attachments, from_log boolean, since timestamp with time zone, until timestamp with time zone) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.monitored_rows(attachment churn.attachments, from_log boolean, since timestamp with time zone, until timestamp with time zone) IS 'SQL of the rows that churn.monitor looks at, version, score and features: of the log of a window the last score that each version gave each customer; else of the profile as it stands.';

CREATE FUNCTION churn_internal.most_rows(attachment churn.attachments) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.most_rows(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.most_rows(attachment churn.attachments) IS 'How many rows of an attachment are handed to a model at once, at most.';

CREATE FUNCTION churn_internal.move_history(attachment_id integer, former_keys text[], present_keys text[], lost_keys text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET jit TO off;
ALTER ROUTINE churn_internal.move_history(attachment_id integer, former_keys text[], present_keys text[], lost_keys text[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.move_history(attachment_id integer, former_keys text[], present_keys text[], lost_keys text[]) IS 'Has the log, outcomes, actions and exposures of customers follow their keys, and warns of those that cannot.';

CREATE FUNCTION churn_internal.named_objects(attachment churn.attachments) RETURNS TABLE(classid oid, objid oid)
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.named_objects(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.named_objects(attachment churn.attachments) IS 'What an attachment''s functions name: tables, the types, collation and operators of its keys, with their schemas, and the extensions that these are of.';

CREATE FUNCTION churn_internal.needs_outcomes(metric text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.needs_outcomes(metric text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.needs_outcomes(metric text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.needs_outcomes(metric text) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.needs_outcomes(metric text) IS 'Whether a metric of churn.monitor can only be known once a window is mature.';

CREATE FUNCTION churn_internal.note_retrained(request_id bigint, attempt integer, version bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.note_retrained(request_id bigint, attempt integer, version bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.note_retrained(request_id bigint, attempt integer, version bigint) TO churn_loader;
COMMENT ON ROUTINE churn_internal.note_retrained(request_id bigint, attempt integer, version bigint) IS 'Notes the version that is registered for a request in the same transaction; an error where it has ended, or somebody else has taken it.';

CREATE FUNCTION churn_internal.note_worker(run_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.note_worker(run_id bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.note_worker(run_id bigint) IS 'Lets churn.rescore_progress count this session as a worker of a run, until commit.';

CREATE FUNCTION churn_internal.observed_values(version bigint, features text[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.observed_values(version bigint, features text[]) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.observed_values(version bigint, features text[]) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.observed_values(version bigint, features text[]) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.observed_values(version bigint, features text[]) IS 'What a version knows of some features, as far as its caller may read the profile.';

CREATE FUNCTION churn_internal.operator_name(operator oid) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.operator_name(operator oid) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.operator_name(operator oid) IS 'An operator, as SQL that finds it whatever the search_path.';

CREATE FUNCTION churn_internal.outcome_expression(attachment churn.attachments, row_name text) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.outcome_expression(attachment churn.attachments, row_name text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.outcome_expression(attachment churn.attachments, row_name text) IS 'SQL of what the label of a row of a profile says: whether the customer has left; null: it is not known, or no label is recorded.';

CREATE FUNCTION churn_internal.own_write(attachment_id integer, depth integer) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.own_write(attachment_id integer, depth integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.own_write(attachment_id integer, depth integer) IS 'What churn_internal.own_writes is set to while pgchurn writes a profile as its owner, at this depth of triggers of the present transaction.';

CREATE FUNCTION churn_internal.plain_snapshot() RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.plain_snapshot() OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.plain_snapshot() TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.plain_snapshot() TO churn_scorer;
COMMENT ON ROUTINE churn_internal.plain_snapshot() IS 'The snapshot of a statement, if nothing but that tells which models and keys it sees, where churn_internal.tells_by_snapshot says so; else null.';

CREATE FUNCTION churn_internal.plan_under_way(profile regclass) RETURNS churn_internal.release_plans
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.plan_under_way(profile regclass) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.plan_under_way(profile regclass) IS 'The release of a profile that is under way, its deployments locked; an error where there is none.';

CREATE FUNCTION churn_internal.positive_labels(positive_class text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.positive_labels(positive_class text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.positive_labels(positive_class text) IS 'The labels, in lower case, that mean that a customer has left; null: those that do where nobody says which one.';

CREATE FUNCTION churn_internal.postpone_retraining(request_id bigint, attempt integer, waiting text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.postpone_retraining(request_id bigint, attempt integer, waiting text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.postpone_retraining(request_id bigint, attempt integer, waiting text) TO churn_loader;
COMMENT ON ROUTINE churn_internal.postpone_retraining(request_id bigint, attempt integer, waiting text) IS 'Leaves a request open, and notes what it waits for or has failed by.';

CREATE FUNCTION churn_internal.predict_many(version bigint, numbers bytea, texts text[], rows_before bigint, on_error text) RETURNS churn_internal.probabilities
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.predict_many(version bigint, numbers bytea, texts text[], rows_before bigint, on_error text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.predict_many(version bigint, numbers bytea, texts text[], rows_before bigint, on_error text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.predict_many(version bigint, numbers bytea, texts text[], rows_before bigint, on_error text) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.predict_many(version bigint, numbers bytea, texts text[], rows_before bigint, on_error text) IS 'Probabilities of a batch of rows, as churn_internal.query_statement has them read; one that cannot be scored is an error that names it, or null.';

CREATE FUNCTION churn_internal.predict_row(version bigint, features jsonb) RETURNS churn_internal.probability
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.predict_row(version bigint, features jsonb) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.predict_row(version bigint, features jsonb) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.predict_row(version bigint, features jsonb) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.predict_row(version bigint, features jsonb) IS 'Probability of churn under any version, for churn.predict.';

CREATE FUNCTION churn_internal.previous_deployment(attachment_id integer) RETURNS SETOF churn.deployments
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.previous_deployment(attachment_id integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.previous_deployment(attachment_id integer) IS 'What was in force before the deployment that is; no row where there was none.';

CREATE FUNCTION churn_internal.profile_changing_1() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    AS $function$
#variable_conflict use_variable
DECLARE
    entered CONSTANT text := current_setting('churn.entered', true);
    ended record;
BEGIN
    IF TG_WHEN = 'BEFORE' THEN
        PERFORM set_config('churn.entered', churn_internal.enter(
            'change 1', pg_trigger_depth(), txid_current(), entered
        ), true);
        RETURN NULL;
    END IF;
    SELECT e.* INTO ended
    FROM churn_internal.end_change(entered, 'change 1', pg_trigger_depth(), txid_current()) e;
    PERFORM set_config('churn.entered', ended.around, true);
    PERFORM churn_internal."write_profiles_1"(
        array_agg(k.key::pg_catalog.int8), NULL, NULL, false
    )
    FROM unnest(ended.keys) k (key)
    HAVING count(*) > 0;
    RETURN NULL;
END $function$;
ALTER ROUTINE churn_internal.profile_changing_1() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.profile_changing_1() IS 'Trigger of churn.customers: counts what triggers of others change at the end of a statement.';

CREATE FUNCTION churn_internal.profiles_changed_1() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    AS $function$
#variable_conflict use_variable
DECLARE
    -- Told by the role that writes, or where pgchurn writes as the table's owner by memory
    -- of its own: a setting anybody may SET.
    own boolean;
    nestloop text;
    active record;
    changed record;
    single boolean;
    moved record;
    labels record;
    ignored text;
BEGIN
    -- Written out in each trigger: a function of it took a twentieth of the whole INSERT.
    IF false AND current_setting('churn.writing', true) <> '' THEN
        BEGIN
            own := abs(currval('churn_internal.own_writes'))
                = churn_internal.own_write(1, pg_trigger_depth() - 1);
        EXCEPTION WHEN object_not_in_prerequisite_state THEN
            -- Somebody pretends: this session has not written any profile yet.
        END;
    END IF;
    IF own AND NOT false THEN
        RETURN NULL;
    END IF;
    IF own IS NOT TRUE THEN
        own := false;
        ignored := set_config('churn.score_cause', 'profile', true);
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF false THEN
            PERFORM churn_internal.record_labels(
                1, array_agg(p.customer_id::text COLLATE "default"),
                array_agg(NULL::pg_catalog.bool),
                array_agg(true)
            )
            FROM inserted p HAVING count(*) > 0;
        END IF;
        PERFORM churn_internal."write_profiles_1"(n.keys, NULL, NULL, false, true)
        FROM (
            SELECT array_agg(p.customer_id::pg_catalog.int8 ORDER BY p.customer_id) AS keys
            FROM inserted p
        ) n
        WHERE n.keys IS NOT NULL;
        RETURN NULL;
    END IF;
    SELECT d.version, churn_internal.feature_names(m.signature) AS features INTO active
    FROM churn_internal.active_deployment(1) d JOIN churn.models m ON m.version = d.version;
    -- A session keeps the plan that it made for its first statement: made for one row, it
    -- compared each of 10,000 rows with all the others, which took 9 s instead of 0.1. Not as
    -- a setting of the function, since what that calls would be planned without them, too.
    nestloop := current_setting('enable_nestloop');
    ignored := set_config('enable_nestloop', 'off', true);
    -- Only rows in which something that scoring reads or writes has changed, or what the
    -- label says; of what pgchurn itself wrote, only rows in which that changed features or
    -- labels in turn. What the version in force does not read leaves its scores as they are,
    -- not those of others. Complaints are counted anew where the key, the counter or what
    -- tells who is pending was overwritten. When a row was scored is no part of it: should no
    -- role tell pgchurn's own writes, after a restore under other owners, it ends with the
    -- first that changes nothing.
    SELECT array_agg(n.key ORDER BY n.key) FILTER (WHERE n.scores) AS keys,
           array_agg(CASE WHEN n.kept THEN 0::bigint END ORDER BY n.key)
               FILTER (WHERE n.scores) AS complaints,
           bool_or(n.is_new) AS has_new, bool_or(n.relabels) AS has_relabelled
    INTO changed
    FROM (
        SELECT p.customer_id::pg_catalog.int8 AS key, f.customer_id IS NULL AS is_new,
               own
               OR (f.complaint_count, f.last_complaint_at, f.churn_score,
                   f.churn_model_version)
                  IS NOT DISTINCT FROM
                  (p.complaint_count, p.last_complaint_at, p.churn_score,
                   p.churn_model_version) AS kept,
               f.customer_id IS NULL
               OR ARRAY[]::text[] && CASE
                      WHEN p.churn_model_version = active.version THEN active.features
                      ELSE '{}'::text[]
                  END
               OR (NOT own
                   AND (f.complaint_count, f.last_complaint_at, f.churn_score,
                        f.churn_model_version)
                       IS DISTINCT FROM
                       (p.complaint_count, p.last_complaint_at, p.churn_score,
                        p.churn_model_version)) AS scores,
               f.customer_id IS NOT NULL AND false AS relabels
        FROM updated p
        LEFT JOIN former f ON f.customer_id OPERATOR(pg_catalog.=) p.customer_id
        -- So that each row is compared once.
        OFFSET 0
    ) n
    WHERE n.scores OR n.relabels;
    IF changed.has_new THEN
        -- Which key has become which is certain of a single row, and of others where all the
        -- rest of the row tells.
        single := (SELECT count(*) = 1 FROM former);
        SELECT array_agg(f.key) FILTER (WHERE p.key IS NOT NULL) AS former_keys,
               array_agg(p.key) FILTER (WHERE p.key IS NOT NULL) AS present_keys,
               array_agg(f.key) FILTER (WHERE p.key IS NULL) AS lost_keys
        INTO moved
        FROM (
            SELECT f.customer_id::text COLLATE "default" AS key, i.image,
                   count(*) OVER (PARTITION BY i.image) AS alike
            FROM former f
            CROSS JOIN LATERAL (
                SELECT CASE WHEN single THEN '' ELSE ROW(f.customer_name, f.signed_up_on, f.age, f.region, f.contract, f.payment_method, f.internet_service, f.paperless_billing, f.has_dependents, f.tenure_months, f.monthly_charges, f.total_charges, f.data_usage_gb, f.support_calls, f.late_payments, f.churned, f.complaint_count, f.last_complaint_at, f.churn_score, f.churn_model_version, f.churn_scored_at)::pg_catalog.text END
            ) i (image)
            WHERE NOT EXISTS (
                SELECT FROM updated p WHERE p.customer_id OPERATOR(pg_catalog.=) f.customer_id
            )
        ) f
        LEFT JOIN (
            SELECT p.customer_id::text COLLATE "default" AS key, i.image,
                   count(*) OVER (PARTITION BY i.image) AS alike
            FROM updated p
            CROSS JOIN LATERAL (
                SELECT CASE WHEN single THEN '' ELSE ROW(p.customer_name, p.signed_up_on, p.age, p.region, p.contract, p.payment_method, p.internet_service, p.paperless_billing, p.has_dependents, p.tenure_months, p.monthly_charges, p.total_charges, p.data_usage_gb, p.support_calls, p.late_payments, p.churned, p.complaint_count, p.last_complaint_at, p.churn_score, p.churn_model_version, p.churn_scored_at)::pg_catalog.text END
            ) i (image)
            WHERE NOT EXISTS (
                SELECT FROM former f WHERE f.customer_id OPERATOR(pg_catalog.=) p.customer_id
            )
        ) p ON p.image = f.image AND p.alike = 1 AND f.alike = 1;
    END IF;
    IF false AND (changed.has_new OR changed.has_relabelled) THEN
        SELECT array_agg(p.customer_id::text COLLATE "default") AS keys,
               array_agg(NULL::pg_catalog.bool) AS outcomes,
               array_agg(f.customer_id IS NULL) AS are_new
        INTO labels
        FROM updated p
        LEFT JOIN former f ON f.customer_id OPERATOR(pg_catalog.=) p.customer_id
        WHERE f.customer_id IS NULL OR false;
    END IF;
    ignored := set_config('enable_nestloop', nestloop, true);
    IF changed.has_new THEN
        PERFORM churn_internal.move_history(
            1, moved.former_keys, moved.present_keys, moved.lost_keys
        );
    END IF;
    IF false AND (changed.has_new OR changed.has_relabelled) THEN
        PERFORM churn_internal.record_labels(
            1, labels.keys, labels.outcomes, labels.are_new
        );
    END IF;
    -- What is written on trial, and taken back, is not scored in turn.
    IF changed.keys IS NOT NULL
        AND NOT (own AND current_setting('churn.writing', true) = 'on trial')
    THEN
        PERFORM churn_internal."write_profiles_1"(
            changed.keys, changed.complaints, NULL, false, true
        );
    END IF;
    RETURN NULL;
END $function$;
ALTER ROUTINE churn_internal.profiles_changed_1() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.profiles_changed_1() IS 'Trigger of churn.customers: scores rows that are new or whose features changed.';

CREATE FUNCTION churn_internal.profiles_statement(attachment churn.attachments) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.profiles_statement(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.profiles_statement(attachment churn.attachments) IS 'SQL that reads what an attachment''s columns hold in the profiles with the keys $1, in key order, as scoring takes them: keys, numbers and texts.';

CREATE FUNCTION churn_internal.publish_alert(alert churn.alerts, event text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC'
    SET extra_float_digits TO '1';
ALTER ROUTINE churn_internal.publish_alert(alert churn.alerts, event text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.publish_alert(alert churn.alerts, event text) IS 'Tells consumers that an alert was opened or resolved, where an attachment tells them of scores.';

CREATE FUNCTION churn_internal.query_columns(query text, OUT names text[], OUT types oid[]) RETURNS record
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.query_columns(query text, OUT names text[], OUT types oid[]) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.query_columns(query text, OUT names text[], OUT types oid[]) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.query_columns(query text, OUT names text[], OUT types oid[]) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.query_columns(query text, OUT names text[], OUT types oid[]) IS 'Names and types of a query''s columns; no row of it is computed.';

CREATE FUNCTION churn_internal.query_statement(version bigint, query text, names text[], types oid[], pass_features boolean, OUT statement text, OUT batch_size churn_internal.required_integer) RETURNS record
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.query_statement(version bigint, query text, names text[], types oid[], pass_features boolean, OUT statement text, OUT batch_size churn_internal.required_integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.query_statement(version bigint, query text, names text[], types oid[], pass_features boolean, OUT statement text, OUT batch_size churn_internal.required_integer) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.query_statement(version bigint, query text, names text[], types oid[], pass_features boolean, OUT statement text, OUT batch_size churn_internal.required_integer) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.query_statement(version bigint, query text, names text[], types oid[], pass_features boolean, OUT statement text, OUT batch_size churn_internal.required_integer) IS 'SQL that reads a query''s rows as a model takes them, and how many are a batch.';

CREATE FUNCTION churn_internal.raise_failure() RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.raise_failure() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.raise_failure() IS 'Raises what a function in Python has failed with.';

CREATE FUNCTION churn_internal.read_batches(stream_id bigint) RETURNS TABLE(batch integer, decision text, until timestamp with time zone, last_digest text, known_until timestamp with time zone, n integer, left_out integer, log_loss double precision, mean_score double precision, churned integer, rows_sha256 bytea, state_sha256 bytea, has_state boolean, version bigint, artifact_sha256 bytea)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.read_batches(stream_id bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.read_batches(stream_id bigint) TO churn_loader;
COMMENT ON ROUTINE churn_internal.read_batches(stream_id bigint) IS 'What became of the batches of a stream, with the digests that pgchurn learn --replay compares.';

CREATE FUNCTION churn_internal.read_profiles(attachment churn.attachments, wanted text[], OUT keys text[], OUT numbers bytea, OUT texts text[]) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.read_profiles(attachment churn.attachments, wanted text[], OUT keys text[], OUT numbers bytea, OUT texts text[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.read_profiles(attachment churn.attachments, wanted text[], OUT keys text[], OUT numbers bytea, OUT texts text[]) IS 'What an attachment''s columns hold in the profiles with these keys, in key order, as scoring takes them.';

CREATE FUNCTION churn_internal.record_batch(stream_id bigint, batch integer, reason text, since timestamp with time zone, until timestamp with time zone, last_digest text, known_until timestamp with time zone, n integer, churned integer, left_out integer, log_loss double precision, mean_score double precision, mean_shift double precision, step double precision, rows_sha256 bytea, state_sha256 bytea, state bytea) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.record_batch(stream_id bigint, batch integer, reason text, since timestamp with time zone, until timestamp with time zone, last_digest text, known_until timestamp with time zone, n integer, churned integer, left_out integer, log_loss double precision, mean_score double precision, mean_shift double precision, step double precision, rows_sha256 bytea, state_sha256 bytea, state bytea) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.record_batch(stream_id bigint, batch integer, reason text, since timestamp with time zone, until timestamp with time zone, last_digest text, known_until timestamp with time zone, n integer, churned integer, left_out integer, log_loss double precision, mean_score double precision, mean_shift double precision, step double precision, rows_sha256 bytea, state_sha256 bytea, state bytea) TO churn_loader;
COMMENT ON ROUTINE churn_internal.record_batch(stream_id bigint, batch integer, reason text, since timestamp with time zone, until timestamp with time zone, last_digest text, known_until timestamp with time zone, n integer, churned integer, left_out integer, log_loss double precision, mean_score double precision, mean_shift double precision, step double precision, rows_sha256 bytea, state_sha256 bytea, state bytea) IS 'Keeps what became of a batch, and what is known after it.';

CREATE FUNCTION churn_internal.record_exposures(attachment_id integer, keys text[], scores double precision[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.record_exposures(attachment_id integer, keys text[], scores double precision[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.record_exposures(attachment_id integer, keys text[], scores double precision[]) IS 'Appends those of the customers with these keys, who are scored in an arm of an experiment for the first time, to churn.exposures; also those whose score failed, as which arm that happens in must not matter.';

CREATE FUNCTION churn_internal.record_failures(attachment_id integer, version bigint, keys text[], scores double precision[], enqueued_at timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], challenger bigint DEFAULT NULL::bigint, challenged boolean[] DEFAULT NULL::boolean[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.record_failures(attachment_id integer, version bigint, keys text[], scores double precision[], enqueued_at timestamp with time zone[], challenger bigint, challenged boolean[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.record_failures(attachment_id integer, version bigint, keys text[], scores double precision[], enqueued_at timestamp with time zone[], challenger bigint, challenged boolean[]) IS 'Marks the profiles that got no score, with the reason that the runtime has set and the version that failed: where they are challenged, the challenger.';

CREATE FUNCTION churn_internal.record_labels(attachment_id integer, keys text[], outcomes boolean[], are_new boolean[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET jit TO off;
ALTER ROUTINE churn_internal.record_labels(attachment_id integer, keys text[], outcomes boolean[], are_new boolean[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.record_labels(attachment_id integer, keys text[], outcomes boolean[], are_new boolean[]) IS 'Appends what labels say to churn.outcomes; of rows that are new only what differs from what the label said last. What fails costs the statement nothing, unless on_error is raise.';

CREATE FUNCTION churn_internal.record_performance(attachment churn.attachments, since timestamp with time zone, until timestamp with time zone) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.record_performance(attachment churn.attachments, since timestamp with time zone, until timestamp with time zone) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.record_performance(attachment churn.attachments, since timestamp with time zone, until timestamp with time zone) IS 'Writes what churn_internal.measure_performance finds, in place of what was found of the same windows before.';

CREATE FUNCTION churn_internal.record_snapshot(stream_id bigint, batch integer, version bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.record_snapshot(stream_id bigint, batch integer, version bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.record_snapshot(stream_id bigint, batch integer, version bigint) TO churn_loader;
COMMENT ON ROUTINE churn_internal.record_snapshot(stream_id bigint, batch integer, version bigint) IS 'Keeps which version was registered after the last batch that was learned.';

CREATE FUNCTION churn_internal.recount_profiles(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.recount_profiles(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.recount_profiles(attachment churn.attachments) IS 'Counts the complaints of all customers who had or have some, and scores them.';

CREATE FUNCTION churn_internal.reference_digest(reference jsonb) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.reference_digest(reference jsonb) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.reference_digest(reference jsonb) IS 'SHA-256 of what is typical of a version''s rows, as churn.models.reference_sha256 has it.';

CREATE FUNCTION churn_internal.refresh_attachment(attachment_id integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.refresh_attachment(attachment_id integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.refresh_attachment(attachment_id integer) IS 'Fits an attachment''s functions to its tables after they were altered, and to the versions that there are.';

CREATE FUNCTION churn_internal.refuse_change() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.refuse_change() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.refuse_change() IS 'Trigger of the registry''s tables, whose rows are only ever added.';

CREATE FUNCTION churn_internal.refuse_retraining(request_id bigint) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.refuse_retraining(request_id bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.refuse_retraining(request_id bigint) IS 'The error for who writes to a request that is not theirs any more.';

CREATE FUNCTION churn_internal.register_candidate(profile regclass, artifact bytea, signature jsonb, metrics jsonb, environment jsonb, provenance jsonb, replay_keys text[], replay_probabilities double precision[], layout text, replayed_keys text[], replay_numbers bytea, replay_texts text[], sample_numbers bytea, sample_texts text[], compile boolean, allow_pickle boolean, attestation text, attestation_signature bytea, attestation_key text, allow_older boolean, training_sample jsonb) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.register_candidate(profile regclass, artifact bytea, signature jsonb, metrics jsonb, environment jsonb, provenance jsonb, replay_keys text[], replay_probabilities double precision[], layout text, replayed_keys text[], replay_numbers bytea, replay_texts text[], sample_numbers bytea, sample_texts text[], compile boolean, allow_pickle boolean, attestation text, attestation_signature bytea, attestation_key text, allow_older boolean, training_sample jsonb) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.register_candidate(profile regclass, artifact bytea, signature jsonb, metrics jsonb, environment jsonb, provenance jsonb, replay_keys text[], replay_probabilities double precision[], layout text, replayed_keys text[], replay_numbers bytea, replay_texts text[], sample_numbers bytea, sample_texts text[], compile boolean, allow_pickle boolean, attestation text, attestation_signature bytea, attestation_key text, allow_older boolean, training_sample jsonb) TO churn_loader;
COMMENT ON ROUTINE churn_internal.register_candidate(profile regclass, artifact bytea, signature jsonb, metrics jsonb, environment jsonb, provenance jsonb, replay_keys text[], replay_probabilities double precision[], layout text, replayed_keys text[], replay_numbers bytea, replay_texts text[], sample_numbers bytea, sample_texts text[], compile boolean, allow_pickle boolean, attestation text, attestation_signature bytea, attestation_key text, allow_older boolean, training_sample jsonb) IS 'Registers a classifier for churn.register_model, which has read the rows on which it is tried with the rights of its own caller.';

CREATE FUNCTION churn_internal.remark_renamed(attachment churn.attachments, altered oid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.remark_renamed(attachment churn.attachments, altered oid[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.remark_renamed(attachment churn.attachments, altered oid[]) IS 'Where labels of an enumeration are keys and one got another name: marks under the new names those who wait.';

CREATE FUNCTION churn_internal.repair_profiles_1(wrong text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    AS $function$
DECLARE
    started CONSTANT timestamptz := clock_timestamp();
BEGIN
    PERFORM set_config('churn.score_cause', 'batch', true);
    PERFORM churn_internal."write_profiles_1"(
        ARRAY(
            SELECT DISTINCT w.key::pg_catalog.int8::pg_catalog.int8
            FROM unnest(wrong) w (key) ORDER BY 1
        ), NULL, NULL
    );
    -- Of the profiles that were scored just now, and are still locked: a score from
    -- before says nothing of what a mark was made for.
    DELETE FROM churn_internal.failed_profiles m
    USING churn.customers p
    WHERE m.attachment_id = 1 AND m.key = ANY (wrong)
      AND p.customer_id OPERATOR(pg_catalog.=) m.key::pg_catalog.int8
      AND p.churn_scored_at >= started AND (m.last_failed_at >= started) IS NOT TRUE;
    DELETE FROM churn_internal.pending_profiles m
    USING churn.customers p
    WHERE m.attachment_id = 1 AND m.key = ANY (wrong)
      AND p.customer_id OPERATOR(pg_catalog.=) m.key::pg_catalog.int8
      AND p.churn_scored_at >= started;
    PERFORM churn_internal."dequeue_missing_profiles_1"(wrong);
END $function$;
ALTER ROUTINE churn_internal.repair_profiles_1(wrong text[]) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.repair_profiles_1(wrong text[]) TO churn_loader;
COMMENT ON ROUTINE churn_internal.repair_profiles_1(wrong text[]) IS 'Counts and scores the profiles with these keys anew, and clears their marks.';

CREATE FUNCTION churn_internal.replay_release(attachment_id integer, champion bigint, challenger bigint, layout text, numbers bytea, texts text[], threshold double precision, limits text, scored bigint, failing bigint) RETURNS TABLE(guardrail churn_internal.required_text, value double precision, lower double precision, upper double precision, "limit" double precision, n bigint, result text, detail text)
    LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.replay_release(attachment_id integer, champion bigint, challenger bigint, layout text, numbers bytea, texts text[], threshold double precision, limits text, scored bigint, failing bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.replay_release(attachment_id integer, champion bigint, challenger bigint, layout text, numbers bytea, texts text[], threshold double precision, limits text, scored bigint, failing bigint) IS 'What the guardrails of a release say of rows that both versions score, and of how many the challenger has scored and failed to score when they were due.';

CREATE FUNCTION churn_internal.representable(value text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.representable(value text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.representable(value text) TO churn_loader;
COMMENT ON ROUTINE churn_internal.representable(value text) IS 'A text for the client: what its encoding cannot hold, for which PostgreSQL would fail in the middle of a warning, is escaped.';

CREATE FUNCTION churn_internal.rescore_batch(run_id bigint, batch_size integer, INOUT range_number integer, OUT outcome text) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET DateStyle TO 'ISO';
ALTER ROUTINE churn_internal.rescore_batch(run_id bigint, batch_size integer, INOUT range_number integer, OUT outcome text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.rescore_batch(run_id bigint, batch_size integer, INOUT range_number integer, OUT outcome text) TO churn_loader;
COMMENT ON ROUTINE churn_internal.rescore_batch(run_id bigint, batch_size integer, INOUT range_number integer, OUT outcome text) IS 'Scores the next batch of a run, of the same range while something is left of it; no range: others were at the last ones. Commit before the next. The outcome is null until the run is done, or abandoned for another.';

CREATE FUNCTION churn_internal.rescore_profiles_1(after_key text, through_key text, batch_size integer, OUT last_key text, OUT rows_done bigint) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET plan_cache_mode TO force_custom_plan
    SET enable_hashjoin TO off
    SET enable_mergejoin TO off
    SET enable_seqscan TO off
    SET random_page_cost TO '0'
    SET jit TO off
    AS $function$
#variable_conflict use_variable
DECLARE
    first pg_catalog.int8 := after_key::pg_catalog.int8;
    last pg_catalog.int8 := through_key::pg_catalog.int8;
    active record;
    profiles record;
    challenged boolean[];
    scores double precision[];
    written bigint;
BEGIN
    PERFORM set_config('churn.score_cause', 'batch', true);
    SELECT d.*, ARRAY(SELECT k.fingerprint FROM churn_trust.trusted_keys k WHERE k.revoked_at IS NULL) AS trusted_keys INTO active
    FROM churn_internal.active_deployment(1) d;
    SELECT array_agg(r.tid) AS tids, array_agg(r.writer) AS writers,
           array_agg(r.key) AS keys, churn_internal.array_image(array_agg(r.numbers)) AS numbers,
           NULL::text[] AS texts
    INTO profiles
    FROM (
        SELECT p.ctid AS tid, p.xmin AS writer, p.customer_id AS key, ARRAY[0]::double precision[] AS numbers,
               ARRAY[]::pg_catalog.text[] AS texts
        FROM churn.customers p
        WHERE (first IS NULL OR p.customer_id OPERATOR(pg_catalog.>) first)
          AND (last IS NULL OR p.customer_id OPERATOR(pg_catalog.<=) last)
        ORDER BY p.customer_id
        LIMIT batch_size
    ) r;
    rows_done := coalesce(cardinality(profiles.keys), 0);
    IF rows_done = 0 THEN
        RETURN;
    END IF;
    last_key := profiles.keys[rows_done];
    IF false THEN
        PERFORM churn_internal."write_profiles_1"(
            profiles.keys::pg_catalog.int8[],
            array_fill(0::bigint, ARRAY[cardinality(profiles.keys)]), NULL
        );
        RETURN;
    END IF;
    IF active.share IS NOT NULL THEN
        challenged := churn_internal.arms(profiles.keys::text[], active.salt, active.share);
    END IF;
    scores := churn_internal.score_batch(
        1, active.version, active.artifact_sha256, active.trusted_keys, '[[], []]',
        profiles.numbers, profiles.texts, NULL, active.challenger, active.challenger_sha256,
        challenged
    );
    -- Locking the rows before reading them would write each of them twice. So one that
    -- somebody has changed meanwhile, which is at another place or has another writer,
    -- is found out here, and then the whole batch is done again by the rules: its locks
    -- are let go, because more of them would not be taken in the order of keys. So it is
    -- where a row got no score, since only one that is locked may be marked.
    BEGIN
        IF array_position(scores, NULL) IS NOT NULL THEN
            RAISE SQLSTATE 'CH001';
        END IF;
        -- Logged in the same statement: nothing.
        UPDATE churn.customers p SET
            churn_score = new.score,
            churn_model_version = CASE
                WHEN new.challenged THEN active.challenger ELSE active.version
            END,
            churn_scored_at = clock_timestamp()
        -- In FROM each array would be copied into a table of its own first.
        FROM (
            SELECT unnest(profiles.tids) AS tid, unnest(profiles.writers) AS writer,
                   unnest(profiles.keys) AS key, unnest(scores) AS score,
                   unnest(challenged) AS challenged
        ) new
        WHERE p.ctid = new.tid AND p.xmin = new.writer
          AND p.customer_id OPERATOR(pg_catalog.=) new.key
        -- How many it were is in written. Nothing is logged.
        ;
        GET DIAGNOSTICS written = ROW_COUNT
        ;
        IF written < rows_done THEN
            RAISE SQLSTATE 'CH001';
        END IF;
        IF active.share IS NOT NULL THEN
            PERFORM churn_internal.record_exposures(1, profiles.keys::text[], scores);
        END IF;
    EXCEPTION WHEN SQLSTATE 'CH001' THEN
        PERFORM churn_internal."write_profiles_1"(
            profiles.keys::pg_catalog.int8[],
            array_fill(0::bigint, ARRAY[cardinality(profiles.keys)]), NULL
        );
    END;
END $function$;
ALTER ROUTINE churn_internal.rescore_profiles_1(after_key text, through_key text, batch_size integer, OUT last_key text, OUT rows_done bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.rescore_profiles_1(after_key text, through_key text, batch_size integer, OUT last_key text, OUT rows_done bigint) IS 'Scores the first batch of the profiles after a key and through another; null: no bound. Says its last key and how many rows there were.';

CREATE FUNCTION churn_internal.reserve_batch(run_id bigint, batch_size integer, rows_per_second integer) RETURNS timestamp with time zone
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.reserve_batch(run_id bigint, batch_size integer, rows_per_second integer) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.reserve_batch(run_id bigint, batch_size integer, rows_per_second integer) TO churn_loader;
COMMENT ON ROUTINE churn_internal.reserve_batch(run_id bigint, batch_size integer, rows_per_second integer) IS 'When the next batch may begin, so that all workers of a run together stay within rows_per_second. Commit, that the others may go on.';

CREATE FUNCTION churn_internal.retraining_cohorts(profile regclass, known_until timestamp with time zone, training_window interval, challenger bigint DEFAULT NULL::bigint) RETURNS TABLE(champion bigint, champion_trained_until timestamp with time zone, horizon interval, first_scored timestamp with time zone, trained_since timestamp with time zone, trained_before timestamp with time zone, trained_until timestamp with time zone, compared_since timestamp with time zone, compared_before timestamp with time zone)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.retraining_cohorts(profile regclass, known_until timestamp with time zone, training_window interval, challenger bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.retraining_cohorts(profile regclass, known_until timestamp with time zone, training_window interval, challenger bigint) TO churn_loader;
COMMENT ON ROUTINE churn_internal.retraining_cohorts(profile regclass, known_until timestamp with time zone, training_window interval, challenger bigint) IS 'The version in force, the customers to train on by when they were scored, until when what became of them is known, and those after that to compare on; of a challenger that is trained already the latter alone.';

CREATE FUNCTION churn_internal.retraining_due(attachment_id integer, OUT since timestamp with time zone, OUT new_outcomes bigint, OUT reason text, OUT alerts bigint[]) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET TimeZone TO 'UTC';
ALTER ROUTINE churn_internal.retraining_due(attachment_id integer, OUT since timestamp with time zone, OUT new_outcomes bigint, OUT reason text, OUT alerts bigint[]) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.retraining_due(attachment_id integer, OUT since timestamp with time zone, OUT new_outcomes bigint, OUT reason text, OUT alerts bigint[]) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.retraining_due(attachment_id integer, OUT since timestamp with time zone, OUT new_outcomes bigint, OUT reason text, OUT alerts bigint[]) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.retraining_due(attachment_id integer, OUT since timestamp with time zone, OUT new_outcomes bigint, OUT reason text, OUT alerts bigint[]) IS 'Since when a profile has not been trained, of how many customers more it is known what became of them, and by its policy why it is to be retrained now, null: it is not.';

CREATE FUNCTION churn_internal.revoke_from_owner(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.revoke_from_owner(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.revoke_from_owner(attachment churn.attachments) IS 'Takes back what churn.attach granted on the tables of an attachment and on schemas, where no other needs it.';

CREATE FUNCTION churn_internal.row_image(attachment churn.attachments, row_name text) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.row_image(attachment churn.attachments, row_name text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.row_image(attachment churn.attachments, row_name text) IS 'SQL of all that is in a row of a profile but its key, as text.';

CREATE FUNCTION churn_internal.score_batch(attachment_id integer, version bigint, artifact_sha256 bytea, trusted_keys text[], layout text, numbers bytea, texts text[], on_error text, challenger bigint DEFAULT NULL::bigint, challenger_sha256 bytea DEFAULT NULL::bytea, challenged boolean[] DEFAULT NULL::boolean[]) RETURNS double precision[]
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.score_batch(attachment_id integer, version bigint, artifact_sha256 bytea, trusted_keys text[], layout text, numbers bytea, texts text[], on_error text, challenger bigint, challenger_sha256 bytea, challenged boolean[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.score_batch(attachment_id integer, version bigint, artifact_sha256 bytea, trusted_keys text[], layout text, numbers bytea, texts text[], on_error text, challenger bigint, challenger_sha256 bytea, challenged boolean[]) IS 'Probabilities of many rows in few calls of the model; a row that cannot be scored is an error, or null; on_error null: as the attachment has it. Where a release is under way, those that are challenged are scored by the challenger.';

CREATE FUNCTION churn_internal.score_by_key(attachment_id integer, layout text, numbers double precision[], texts text[], key text) RETURNS churn_internal.probability
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.score_by_key(attachment_id integer, layout text, numbers double precision[], texts text[], key text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.score_by_key(attachment_id integer, layout text, numbers double precision[], texts text[], key text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.score_by_key(attachment_id integer, layout text, numbers double precision[], texts text[], key text) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.score_by_key(attachment_id integer, layout text, numbers double precision[], texts text[], key text) IS 'Probability of churn, 0 to 1, of a row under the version that scores its key, while a release is under way.';

CREATE FUNCTION churn_internal.score_changed(integer, bigint, bytea, text[], text, integer[], double precision[], text[]) RETURNS churn_internal.probability
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.score_changed(integer, bigint, bytea, text[], text, integer[], double precision[], text[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.score_changed(integer, bigint, bytea, text[], text, integer[], double precision[], text[]) IS 'Probability of a changed row of an attachment, given its number, the version in force, its digest, the trusted keys, the layout, the numbers that are integers, the other numbers and the texts. Null where the failure policy keeps the old score: then the search_path of the calling function is empty from there on, so that current_schema is null, which costs least to ask.';

CREATE FUNCTION churn_internal.score_features(integer, text, double precision[], text[], double precision) RETURNS churn_internal.probability
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.score_features(integer, text, double precision[], text[], double precision) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.score_features(integer, text, double precision[], text[], double precision) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.score_features(integer, text, double precision[], text[], double precision) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.score_features(integer, text, double precision[], text[], double precision) IS 'Probability of churn, 0 to 1, of a row under the active model of an attachment, which is looked up, and from the second row of a statement on remembered for churn_internal.score_remembered: null while a release is under way: then churn_internal.score_by_key has to be asked. Given the attachment''s number, the layout, the numbers, the texts, and when the client''s statement began.';

CREATE FUNCTION churn_internal.score_features_many(attachment_id integer, layout text, numbers bytea, texts text[], keys text[]) RETURNS churn_internal.probabilities
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.score_features_many(attachment_id integer, layout text, numbers bytea, texts text[], keys text[]) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.score_features_many(attachment_id integer, layout text, numbers bytea, texts text[], keys text[]) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.score_features_many(attachment_id integer, layout text, numbers bytea, texts text[], keys text[]) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.score_features_many(attachment_id integer, layout text, numbers bytea, texts text[], keys text[]) IS 'Probabilities of churn of many rows given as arrays, under the active model; while a release is under way, under those that score these keys.';

CREATE FUNCTION churn_internal.score_image(attachment_id integer, version bigint, artifact_sha256 bytea, trusted_keys text[], layout text, numbers bytea, texts text[], on_error text, challenger bigint, challenger_sha256 bytea, challenged boolean[]) RETURNS churn_trust.array_image
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.score_image(attachment_id integer, version bigint, artifact_sha256 bytea, trusted_keys text[], layout text, numbers bytea, texts text[], on_error text, challenger bigint, challenger_sha256 bytea, challenged boolean[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.score_image(attachment_id integer, version bigint, artifact_sha256 bytea, trusted_keys text[], layout text, numbers bytea, texts text[], on_error text, challenger bigint, challenger_sha256 bytea, challenged boolean[]) IS 'Probabilities of many rows in few calls of the model, as the bytes of an array; NaN for a row that keeps its score.';

CREATE FUNCTION churn_internal.score_query(version bigint, query text, on_error text, pass_features boolean, search_path text, explained boolean) RETURNS TABLE(row_number bigint, passed jsonb, score double precision, contributions jsonb)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET cursor_tuple_fraction TO '1';
ALTER ROUTINE churn_internal.score_query(version bigint, query text, on_error text, pass_features boolean, search_path text, explained boolean) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.score_query(version bigint, query text, on_error text, pass_features boolean, search_path text, explained boolean) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.score_query(version bigint, query text, on_error text, pass_features boolean, search_path text, explained boolean) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.score_query(version bigint, query text, on_error text, pass_features boolean, search_path text, explained boolean) IS 'Probabilities of the rows of any query, for churn.predict_query and, with their contributions by feature, churn.explain_query.';

CREATE FUNCTION churn_internal.score_remembered(integer, text, double precision[], text[], text) RETURNS double precision
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE STRICT;
ALTER ROUTINE churn_internal.score_remembered(integer, text, double precision[], text[], text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.score_remembered(integer, text, double precision[], text[], text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.score_remembered(integer, text, double precision[], text[], text) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.score_remembered(integer, text, double precision[], text[], text) IS 'Probability of churn, 0 to 1, of a row of an attachment, given its number, the layout, the numbers, the texts and the snapshot, if the session remembers which model is active in this; else, and where anything is unusual, null.';

CREATE FUNCTION churn_internal.session_environment() RETURNS churn_internal.required_jsonb
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.session_environment() OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.session_environment() TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.session_environment() TO churn_scorer;
COMMENT ON ROUTINE churn_internal.session_environment() IS 'Interpreter, package versions and memory, for churn.server_environment.';

CREATE FUNCTION churn_internal.shortest_double(value real) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.shortest_double(value real) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.shortest_double(value real) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.shortest_double(value real) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.shortest_double(value real) IS 'A real as client libraries read it: the double of its shortest decimal.';

CREATE FUNCTION churn_internal.shortest_text(value real) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET extra_float_digits TO '1';
ALTER ROUTINE churn_internal.shortest_text(value real) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.shortest_text(value real) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.shortest_text(value real) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.shortest_text(value real) IS 'The shortest decimal that is this number, whatever the session has its floats print.';

CREATE FUNCTION churn_internal.simulate_salt(history bytea, keys bytea[], salt bigint, share integer, expected bigint, effect double precision) RETURNS TABLE(is_called churn_internal.required_boolean, is_mismatched boolean, is_found boolean, found_on integer)
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.simulate_salt(history bytea, keys bytea[], salt bigint, share integer, expected bigint, effect double precision) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.simulate_salt(history bytea, keys bytea[], salt bigint, share integer, expected bigint, effect double precision) IS 'What would have been said of an experiment on customers of the past with this salt: with no difference between the arms, and with one.';

CREATE FUNCTION churn_internal.smallest_changes(attachment_id integer, layout text, numbers double precision[], texts text[], observed_values jsonb, features text[], below double precision, key text) RETURNS TABLE(changes jsonb, score double precision, distance double precision, reason churn_internal.required_text)
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.smallest_changes(attachment_id integer, layout text, numbers double precision[], texts text[], observed_values jsonb, features text[], below double precision, key text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.smallest_changes(attachment_id integer, layout text, numbers double precision[], texts text[], observed_values jsonb, features text[], below double precision, key text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.smallest_changes(attachment_id integer, layout text, numbers double precision[], texts text[], observed_values jsonb, features text[], below double precision, key text) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.smallest_changes(attachment_id integer, layout text, numbers double precision[], texts text[], observed_values jsonb, features text[], below double precision, key text) IS 'The smallest changes of a profile row that bring its score below a threshold, for churn.what_would_help.';

CREATE FUNCTION churn_internal.sole_deployment(attachment_id integer, OUT version bigint, OUT arms bytea) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.sole_deployment(attachment_id integer, OUT version bigint, OUT arms bytea) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.sole_deployment(attachment_id integer, OUT version bigint, OUT arms bytea) IS 'The version that scores all customers of an attachment and its digest. Without the version while a release has two score them: then the arms tell churn_internal.version_of_arm which of them scores whom. No row while there is none.';

CREATE FUNCTION churn_internal.step_customers(plan churn_internal.release_plans, since timestamp with time zone, OUT by_champion bigint, OUT by_challenger bigint, OUT failing bigint) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.step_customers(plan churn_internal.release_plans, since timestamp with time zone, OUT by_champion bigint, OUT by_challenger bigint, OUT failing bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.step_customers(plan churn_internal.release_plans, since timestamp with time zone, OUT by_champion bigint, OUT by_challenger bigint, OUT failing bigint) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.step_customers(plan churn_internal.release_plans, since timestamp with time zone, OUT by_champion bigint, OUT by_challenger bigint, OUT failing bigint) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.step_customers(plan churn_internal.release_plans, since timestamp with time zone, OUT by_champion bigint, OUT by_challenger bigint, OUT failing bigint) IS 'How many customers the versions of a release have scored since its step began, and how many the challenger could not.';

CREATE FUNCTION churn_internal.store_profiles_1(tids tid[], relations oid[], counts bigint[], latests timestamp with time zone[], scores double precision[], challenged boolean[], queued boolean, version bigint, challenger bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    SET enable_nestloop TO off
    SET enable_seqscan TO off
    AS $function$
#variable_conflict use_variable
BEGIN
    -- Nobody moves a row that is locked, and the partitions of a table have the same places.
    -- Logged in the same statement: nothing.
    UPDATE churn.customers p SET
        complaint_count = new.complaints,
        last_complaint_at = new.latest,
        churn_score = coalesce(new.score, p.churn_score),
        -- Who waits in the queue has a score of no version.
        churn_model_version = CASE
            WHEN queued THEN NULL
            WHEN new.score IS NULL THEN p.churn_model_version
            WHEN new.challenged THEN challenger
            ELSE version
        END,
        churn_scored_at = CASE
            WHEN new.score IS NULL THEN p.churn_scored_at ELSE clock_timestamp()
        END
    -- In FROM each array would be copied into a table of its own first.
    FROM (
        SELECT unnest(tids) AS tid, unnest(relations) AS relation,
               unnest(counts) AS complaints, unnest(latests) AS latest,
               unnest(scores) AS score, unnest(challenged) AS challenged
    ) new
    WHERE p.ctid = ANY (tids) AND p.ctid = new.tid AND p.tableoid = new.relation
      AND (new.score IS NOT NULL
           OR (queued AND p.churn_model_version IS NOT NULL)
           OR (p.complaint_count, p.last_complaint_at)
              IS DISTINCT FROM (new.complaints, new.latest))
    -- Logged: nothing.
    ;
END $function$;
ALTER ROUTINE churn_internal.store_profiles_1(tids tid[], relations oid[], counts bigint[], latests timestamp with time zone[], scores double precision[], challenged boolean[], queued boolean, version bigint, challenger bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.store_profiles_1(tids tid[], relations oid[], counts bigint[], latests timestamp with time zone[], scores double precision[], challenged boolean[], queued boolean, version bigint, challenger bigint) IS 'Writes what pgchurn keeps in locked profile rows, where nobody else has put anything on the table.';

CREATE FUNCTION churn_internal.stored_key(attachment churn.attachments, key text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.stored_key(attachment churn.attachments, key text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.stored_key(attachment churn.attachments, key text) IS 'The text that a key which a caller has spelled is stored as.';

CREATE FUNCTION churn_internal.table_name(relation regclass) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.table_name(relation regclass) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.table_name(relation regclass) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.table_name(relation regclass) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.table_name(relation regclass) IS 'Schema-qualified and quoted name of a table, whatever the search_path.';

CREATE FUNCTION churn_internal.take_failure(OUT message text, OUT detail text, OUT hint text, OUT sqlstate text) RETURNS record
    LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.take_failure(OUT message text, OUT detail text, OUT hint text, OUT sqlstate text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.take_failure(OUT message text, OUT detail text, OUT hint text, OUT sqlstate text) IS 'Why a function in Python has returned what its type does not allow; null otherwise.';

CREATE FUNCTION churn_internal.take_step(plan churn_internal.release_plans, step integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.take_step(plan churn_internal.release_plans, step integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.take_step(plan churn_internal.release_plans, step integer) IS 'Takes a step of a release, the last of which may be an activation, under what holds for churn.activate_model. Lock the deployments before.';

CREATE FUNCTION churn_internal.tells_by_snapshot() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.tells_by_snapshot() OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.tells_by_snapshot() TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.tells_by_snapshot() TO churn_scorer;
COMMENT ON ROUTINE churn_internal.tells_by_snapshot() IS 'Whether a snapshot can say which models and keys a statement of this transaction sees.';

CREATE FUNCTION churn_internal.template_attached_columns() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_attached_columns() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_attached_columns() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_attachment_triggers() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_attachment_triggers() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_attachment_triggers() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_change_delete_triggers() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_change_delete_triggers() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_change_delete_triggers() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_change_update_triggers() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_change_update_triggers() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_change_update_triggers() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_complaints_inserted_guarded() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_complaints_inserted_guarded() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_complaints_inserted_guarded() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_complaints_inserted_inline() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_complaints_inserted_inline() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_complaints_inserted_inline() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_complaints_inserted_queued() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_complaints_inserted_queued() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_complaints_inserted_queued() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_complaints_recounted() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_complaints_recounted() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_complaints_recounted() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_dequeue_missing_profiles() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_dequeue_missing_profiles() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_dequeue_missing_profiles() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_downstream_trigger() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_downstream_trigger() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_downstream_trigger() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_explain() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_explain() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_explain() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_failed_profiles() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_failed_profiles() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_failed_profiles() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_log_predictions() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_log_predictions() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_log_predictions() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_log_trigger() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_log_trigger() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_log_trigger() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_profile_changing() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_profile_changing() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_profile_changing() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_profile_update_trigger() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_profile_update_trigger() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_profile_update_trigger() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_profiles_changed() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_profiles_changed() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_profiles_changed() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_publish_scores() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_publish_scores() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_publish_scores() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_repair_profiles() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_repair_profiles() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_repair_profiles() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_rescore_profiles() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_rescore_profiles() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_rescore_profiles() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_score() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_score() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_score() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_score_many() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_score_many() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_score_many() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_silent_downstream_trigger() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_silent_downstream_trigger() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_silent_downstream_trigger() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_store_profiles() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_store_profiles() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_store_profiles() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_verify_profiles() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_verify_profiles() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_verify_profiles() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_what_would_help() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_what_would_help() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_what_would_help() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_work_profiles() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_work_profiles() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_work_profiles() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_write_guarded() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_write_guarded() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_write_guarded() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.template_write_profiles() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.template_write_profiles() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.template_write_profiles() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_internal.to_double(value numeric) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.to_double(value numeric) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.to_double(value numeric) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.to_double(value numeric) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.to_double(value numeric) IS 'A number of any size as a double: infinite or zero where a cast would be an error.';

CREATE FUNCTION churn_internal.trained_until(provenance jsonb) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.trained_until(provenance jsonb) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.trained_until(provenance jsonb) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.trained_until(provenance jsonb) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.trained_until(provenance jsonb) IS 'Until when what a version was trained on was known: nothing that became known later has taken part. Null: its provenance does not say.';

CREATE FUNCTION churn_internal.try_write(attachment_id integer) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.try_write(attachment_id integer) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.try_write(attachment_id integer) IS 'Writes a row of a profile with what others have put on it, takes that back, and warns, and returns the reason, where it fails; null: it works.';

CREATE FUNCTION churn_internal.type_name(type oid, "collation" oid DEFAULT NULL::oid) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.type_name(type oid, "collation" oid) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.type_name(type oid, "collation" oid) IS 'Schema-qualified and quoted name of a type, as what follows :: to cast to it, with a collation where it has such.';

CREATE FUNCTION churn_internal.typical_values(version bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.typical_values(version bigint) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.typical_values(version bigint) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.typical_values(version bigint) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.typical_values(version bigint) IS 'What is typical of each feature of a version, as far as its caller may read the profile.';

CREATE FUNCTION churn_internal.unneeded_snapshots(profile regclass) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.unneeded_snapshots(profile regclass) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.unneeded_snapshots(profile regclass) TO churn_loader;
COMMENT ON ROUTINE churn_internal.unneeded_snapshots(profile regclass) IS 'Versions that pgchurn learn has registered, that a later one has followed, and that never scored anybody.';

CREATE FUNCTION churn_internal.unrecorded_labels(attachment churn.attachments) RETURNS TABLE(key text, outcome boolean, is_first boolean)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.unrecorded_labels(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.unrecorded_labels(attachment churn.attachments) IS 'What labels of a profile say that they did not say when they were recorded last, and whether nothing is recorded of the customer.';

CREATE FUNCTION churn_internal.update_alerts(attachment_id integer, until timestamp with time zone) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.update_alerts(attachment_id integer, until timestamp with time zone) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.update_alerts(attachment_id integer, until timestamp with time zone) IS 'Opens, follows and resolves the alerts of an attachment, by what churn.monitor has measured and could know at a time: the end of its newest window.';

CREATE FUNCTION churn_internal.update_profile_1(tid tid, relation oid, writer xid, complaints integer, latest timestamp with time zone, score double precision, version bigint, scored_at timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO '"$user", public, pg_temp'
    AS $function$
#variable_conflict use_variable
BEGIN
    NULL;
    UPDATE churn.customers p SET
        complaint_count = complaints,
        last_complaint_at = latest,
        churn_score = score,
        churn_model_version = version,
        churn_scored_at = scored_at
    WHERE p.ctid OPERATOR(pg_catalog.=) tid AND p.tableoid OPERATOR(pg_catalog.=) relation
      AND p.xmin OPERATOR(pg_catalog.=) writer;
    NULL;
    RETURN FOUND;
END $function$;
ALTER ROUTINE churn_internal.update_profile_1(tid tid, relation oid, writer xid, complaints integer, latest timestamp with time zone, score double precision, version bigint, scored_at timestamp with time zone) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.update_profile_1(tid tid, relation oid, writer xid, complaints integer, latest timestamp with time zone, score double precision, version bigint, scored_at timestamp with time zone) IS 'Writes what pgchurn keeps in one profile row that nobody has changed, as the owner of the table.';

CREATE FUNCTION churn_internal.update_profiles_1(tids tid[], relations oid[], counts bigint[], latests timestamp with time zone[], scores double precision[], versions bigint[], times timestamp with time zone[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO '"$user", public, pg_temp'
    AS $function$
#variable_conflict use_variable
DECLARE
    written bigint;
BEGIN
    NULL;
    UPDATE churn.customers p SET
        complaint_count = new.complaints,
        last_complaint_at = new.latest,
        churn_score = new.score,
        churn_model_version = new.version,
        churn_scored_at = new.scored_at
    FROM ROWS FROM (
        pg_catalog.unnest(tids), pg_catalog.unnest(relations), pg_catalog.unnest(counts),
        pg_catalog.unnest(latests), pg_catalog.unnest(scores), pg_catalog.unnest(versions),
        pg_catalog.unnest(times)
    ) new (tid, relation, complaints, latest, score, version, scored_at)
    WHERE p.ctid OPERATOR(pg_catalog.=) new.tid
      AND p.tableoid OPERATOR(pg_catalog.=) new.relation;
    GET DIAGNOSTICS written = ROW_COUNT;
    NULL;
    RETURN written;
END $function$;
ALTER ROUTINE churn_internal.update_profiles_1(tids tid[], relations oid[], counts bigint[], latests timestamp with time zone[], scores double precision[], versions bigint[], times timestamp with time zone[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.update_profiles_1(tids tid[], relations oid[], counts bigint[], latests timestamp with time zone[], scores double precision[], versions bigint[], times timestamp with time zone[]) IS 'Writes what pgchurn keeps in locked profile rows, as the owner of the table.';

CREATE FUNCTION churn_internal.verify_profiles_1() RETURNS TABLE(key text, column_name text, stored text, expected text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    AS $function$
#variable_conflict use_variable
DECLARE
    batch_size CONSTANT integer := least(10000, 2500000);
    batch pg_catalog.int8[];
    active record;
    trusted_keys CONSTANT text[] := ARRAY(SELECT k.fingerprint FROM churn_trust.trusted_keys k WHERE k.revoked_at IS NULL);
    named record;
    carried churn.attachments;
    profiles record;
    scores double precision[];
BEGIN
    SELECT * INTO active FROM churn_internal.active_deployment(1);
    FOR batch IN
        SELECT array_agg(b.key)
        FROM (
            SELECT p.customer_id AS key,
                   (row_number() OVER (ORDER BY p.customer_id) - 1) / batch_size AS number
            FROM churn.customers p
        ) b
        GROUP BY b.number ORDER BY b.number
    LOOP
        RETURN QUERY
        SELECT p.customer_id::text, wrong.column_name, wrong.stored, wrong.expected
        FROM churn.customers p
        LEFT JOIN (
            SELECT c.customer_id::pg_catalog.int8 AS key, count(*) AS complaints,
                   max(c.complained_at) AS latest
            FROM churn.complaints c
            WHERE c.customer_id::pg_catalog.int8
                  OPERATOR(pg_catalog.=) ANY (batch)
            GROUP BY 1
        ) counted ON p.customer_id OPERATOR(pg_catalog.=) counted.key
        CROSS JOIN LATERAL (VALUES
            ('complaint_count', p.complaint_count::text,
             coalesce(counted.complaints, 0)::text),
            ('last_complaint_at', p.last_complaint_at::text,
             CASE WHEN counted.complaints > 0 THEN (counted.latest)::text END)
        ) wrong (column_name, stored, expected)
        WHERE p.customer_id OPERATOR(pg_catalog.=) ANY (batch)
          AND wrong.stored IS DISTINCT FROM wrong.expected;

        -- A score is compared with what the version that it names would give, no score
        -- at all with what the version that scores the
        -- customer would.
        FOR named IN
            SELECT v.version, m.artifact_sha256, m.deleted_at, array_agg(p.customer_id) AS keys
            FROM churn.customers p
            CROSS JOIN LATERAL (SELECT CASE
                WHEN num_nonnulls(p.churn_model_version, p.churn_score) > 0
                    THEN p.churn_model_version
                WHEN churn_internal.in_arm(p.customer_id::text, active.salt, active.share)
                    THEN active.challenger
                ELSE active.version
            END) v (version)
            LEFT JOIN churn.models m ON m.version = v.version
            WHERE p.customer_id OPERATOR(pg_catalog.=) ANY (batch)
              AND num_nonnulls(v.version, p.churn_score) > 0
            GROUP BY 1, 2, 3
        LOOP
            IF named.artifact_sha256 IS NULL OR named.deleted_at IS NOT NULL THEN
                RETURN QUERY
                SELECT k.key::text, 'churn_model_version', named.version::text,
                       'a registered version'
                FROM unnest(named.keys) k (key);
                IF named.deleted_at IS NOT NULL THEN
                    PERFORM churn_internal.warn(
                        format('model version %s was deleted on %s', named.version,
                               to_char(named.deleted_at, 'YYYY-MM-DD')),
                        format('Rows that name it: %s.', cardinality(named.keys)),
                        format('CALL churn.repair(%L) scores them anew.', 'churn.customers')
                    );
                END IF;
                CONTINUE;
            END IF;
            SELECT * INTO carried FROM churn_internal.with_columns(
                (SELECT a FROM churn.attachments a WHERE a.attachment_id = 1),
                (SELECT churn_internal.feature_names(m.signature)
                 FROM churn.models m WHERE m.version = named.version)
            );
            SELECT * INTO profiles
            FROM churn_internal.read_profiles(carried, named.keys::text[]);
            scores := churn_internal.score_batch(
                1, named.version, named.artifact_sha256, trusted_keys,
                churn_internal.layout(carried), profiles.numbers, profiles.texts,
                on_error => 'keep'
            );
            RETURN QUERY
            SELECT p.customer_id::text, 'churn_score', p.churn_score::text, s.score::text
            FROM churn.customers p
            JOIN unnest(profiles.keys, scores) s (key, score)
                ON p.customer_id OPERATOR(pg_catalog.=) s.key::pg_catalog.int8
            WHERE (abs(p.churn_score - s.score) <= 1e-9) IS NOT TRUE
              AND num_nonnulls(p.churn_score, s.score) > 0;
        END LOOP;
    END LOOP;
END $function$;
ALTER ROUTINE churn_internal.verify_profiles_1() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.verify_profiles_1() IS 'Counters and scores of churn.customers that disagree with the truth.';

CREATE FUNCTION churn_internal.version_for(attachment_id integer, key text) RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.version_for(attachment_id integer, key text) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.version_for(attachment_id integer, key text) TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.version_for(attachment_id integer, key text) TO churn_scorer;
COMMENT ON ROUTINE churn_internal.version_for(attachment_id integer, key text) IS 'The version that scores the customer with this key; null while there is none.';

CREATE FUNCTION churn_internal.version_of_arm(bytea, bytea) RETURNS bigint
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.version_of_arm(bytea, bytea) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.version_of_arm(bytea, bytea) IS 'The version of a release that scores a customer, given churn.deployments.arms and the bytes of the key as the profile stores it.';

CREATE FUNCTION churn_internal.version_of_integer(bytea, bigint) RETURNS bigint
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.version_of_integer(bytea, bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.version_of_integer(bytea, bigint) IS 'The version of a release that scores a customer, given churn.deployments.arms and a key that is an integer: as churn_internal.version_of_arm, given its digits.';

CREATE FUNCTION churn_internal.wait_for_batch(run_id bigint, batch_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.wait_for_batch(run_id bigint, batch_at timestamp with time zone) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.wait_for_batch(run_id bigint, batch_at timestamp with time zone) TO churn_loader;
COMMENT ON ROUTINE churn_internal.wait_for_batch(run_id bigint, batch_at timestamp with time zone) IS 'Returns when a batch of a run may begin, as churn_internal.reserve_batch has said.';

CREATE FUNCTION churn_internal.wait_for_transactions(written oid[]) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.wait_for_transactions(written oid[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.wait_for_transactions(written oid[]) IS 'Waits until the transactions that were writing some tables have ended, for five seconds at most; says whether they have.';

CREATE FUNCTION churn_internal.wait_for_writers(attachment churn.attachments) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.wait_for_writers(attachment churn.attachments) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.wait_for_writers(attachment churn.attachments) IS 'Returns when the transactions that were writing an attachment''s tables have ended.';

CREATE FUNCTION churn_internal.warm_session() RETURNS churn_internal.required_integer
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.warm_session() OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.warm_session() TO churn_application;
GRANT EXECUTE ON ROUTINE churn_internal.warm_session() TO churn_loader;
GRANT EXECUTE ON ROUTINE churn_internal.warm_session() TO churn_scorer;
COMMENT ON ROUTINE churn_internal.warm_session() IS 'Loads packages and models into this session, for churn.warm.';

CREATE FUNCTION churn_internal.warn(message text, detail text, hint text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.warn(message text, detail text, hint text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.warn(message text, detail text, hint text) IS 'Raises a warning that fails in no client, whatever it quotes.';

CREATE FUNCTION churn_internal.warn_of_changed_features(version bigint, profile regclass, changed text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.warn_of_changed_features(version bigint, profile regclass, changed text[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.warn_of_changed_features(version bigint, profile regclass, changed text[]) IS 'Warns where a version has features that change when pgchurn writes a score.';

CREATE FUNCTION churn_internal.with_columns(attachment churn.attachments, names text[]) RETURNS churn.attachments
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.with_columns(attachment churn.attachments, names text[]) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.with_columns(attachment churn.attachments, names text[]) IS 'An attachment as it would be with these of its profile''s columns as features, as far as they are there and can be any; null: with all that can.';

CREATE FUNCTION churn_internal.without_values(sqlstate text, message text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE;
ALTER ROUTINE churn_internal.without_values(sqlstate text, message text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.without_values(sqlstate text, message text) IS 'What an error of a table''s own triggers, checks and the like says, for whoever complains and need not be allowed to read the table: without the values that PostgreSQL quotes.';

CREATE FUNCTION churn_internal.work_profiles_1(batch_size integer, OUT scored bigint, OUT failed bigint) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET plan_cache_mode TO force_custom_plan
    SET enable_hashjoin TO off
    SET enable_mergejoin TO off
    SET enable_seqscan TO off
    SET jit TO off
    AS $function$
#variable_conflict use_variable
DECLARE
    started CONSTANT timestamptz := clock_timestamp();
    active record;
    profiles record;
    challenged boolean[];
    scores double precision[];
BEGIN
    batch_size := least(batch_size, 2500000);
    PERFORM set_config('churn.score_cause', 'queue', true);
    scored := 0;
    failed := 0;
    SELECT d.*, ARRAY(SELECT k.fingerprint FROM churn_trust.trusted_keys k WHERE k.revoked_at IS NULL) AS trusted_keys INTO active
    FROM churn_internal.active_deployment(1) d;
    IF active.version IS NULL THEN
        RETURN;
    END IF;
    -- It waits for nobody: what a writer or another worker holds keeps its marks. Whoever
    -- changes a profile locks it before looking for its mark, and a mark is taken away
    -- only under that lock, from a row that was read under it: no change is missed. So
    -- the profile is locked first: who holds it finds all its marks free.
    SELECT array_agg(r.tid) AS tids, array_agg(r.key) AS keys,
           array_agg(r.mark) AS marks, array_agg(r.mark_tid) AS mark_tids,
           array_agg(r.enqueued_at) AS enqueued_at,
           bool_or(r.uncounted) AS uncounted, array_agg(DISTINCT r.key) AS customers,
           churn_internal.array_image(array_agg(r.numbers)) AS numbers, NULL::text[] AS texts
    INTO profiles
    FROM (
        SELECT * FROM (
            SELECT p.ctid AS tid, p.customer_id AS key, m.key AS mark, m.ctid AS mark_tid,
                   m.enqueued_at, m.enqueued_at AS due_at, false AS uncounted,
                   ARRAY[0]::double precision[] AS numbers, ARRAY[]::pg_catalog.text[] AS texts
            FROM churn_internal.pending_profiles m
            JOIN churn.customers p ON p.customer_id OPERATOR(pg_catalog.=) m.key::pg_catalog.int8
            WHERE m.attachment_id = 1
            ORDER BY m.enqueued_at
            LIMIT batch_size
            FOR NO KEY UPDATE OF p SKIP LOCKED FOR UPDATE OF m SKIP LOCKED
        ) changed
        UNION ALL
        SELECT * FROM (
            SELECT p.ctid AS tid, p.customer_id AS key, m.key AS mark, NULL::tid,
                   m.enqueued_at, m.due_at, m.uncounted OR false,
                   ARRAY[0]::double precision[] AS numbers, ARRAY[]::pg_catalog.text[] AS texts
            FROM churn_internal.failed_profiles m
            JOIN churn.customers p ON p.customer_id OPERATOR(pg_catalog.=) m.key::pg_catalog.int8
            WHERE m.attachment_id = 1 AND m.due_at <= statement_timestamp()
            ORDER BY m.due_at
            LIMIT batch_size
            FOR NO KEY UPDATE OF p SKIP LOCKED FOR UPDATE OF m SKIP LOCKED
        ) unscored
        ORDER BY due_at
        LIMIT batch_size
    ) r;
    IF profiles.uncounted THEN
        -- Complaints may be missing in the rows, which are counted, scored and written by
        -- the rules; and what others have put on the table asks for that in any case.
        DELETE FROM churn_internal.pending_profiles m
        USING unnest(profiles.mark_tids) done (tid)
        WHERE m.ctid = done.tid;
        PERFORM churn_internal."write_profiles_1"(
            profiles.customers::pg_catalog.int8[], NULL, NULL, on_error => 'keep'
        );
        DELETE FROM churn_internal.failed_profiles m
        USING unnest(profiles.marks) k (mark)
        WHERE m.attachment_id = 1 AND m.key = k.mark
          AND (m.last_failed_at >= started) IS NOT TRUE;
        failed := (
            SELECT count(DISTINCT m.key)
            FROM churn_internal.failed_profiles m
            JOIN unnest(profiles.marks) k (mark) ON m.key = k.mark
            WHERE m.attachment_id = 1
        );
        scored := cardinality(profiles.customers) - failed;
    ELSIF profiles.tids IS NOT NULL THEN
        -- Complaints are committed, so a failure is never an error: it would hold up
        -- the whole queue.
        IF active.share IS NOT NULL THEN
            challenged := churn_internal.arms(
                profiles.keys::text[], active.salt, active.share
            );
        END IF;
        scores := churn_internal.score_batch(
            1, active.version, active.artifact_sha256, active.trusted_keys, '[[], []]',
            profiles.numbers, profiles.texts, 'keep', active.challenger,
            active.challenger_sha256, challenged
        );
        -- Before the profiles are written: if that changes features in turn, by a
        -- generated column or a trigger, they are marked again.
        DELETE FROM churn_internal.pending_profiles m
        USING unnest(profiles.mark_tids) done (tid)
        WHERE m.ctid = done.tid;
        DELETE FROM churn_internal.failed_profiles m
        USING unnest(profiles.marks, scores) s (key, score)
        WHERE m.attachment_id = 1 AND m.key = s.key AND s.score IS NOT NULL;
        -- Logged in the same statement: nothing.
        UPDATE churn.customers p SET
            churn_score = new.score,
            churn_model_version = CASE
                WHEN new.challenged THEN active.challenger ELSE active.version
            END,
            churn_scored_at = clock_timestamp()
        FROM unnest(profiles.tids, profiles.keys, scores, challenged)
            new (tid, key, score, challenged)
        WHERE p.ctid = new.tid AND p.customer_id OPERATOR(pg_catalog.=) new.key
          AND new.score IS NOT NULL
        -- How many it were is in scored: once each, however many marks a customer has.
        -- Scored in another way meanwhile, one who waits is marked anew by the next
        -- complaint. Nothing is logged.
        ;
        GET DIAGNOSTICS scored = ROW_COUNT
        ;
        failed := (
            SELECT count(DISTINCT s.mark)
            FROM unnest(profiles.marks, scores) s (mark, score) WHERE s.score IS NULL
        );
        IF failed > 0 THEN
            PERFORM churn_internal.record_failures(
                1, active.version, profiles.marks, scores, profiles.enqueued_at,
                active.challenger, challenged
            );
        END IF;
        IF active.share IS NOT NULL THEN
            PERFORM churn_internal.record_exposures(1, profiles.keys::text[], scores);
        END IF;
    END IF;
    IF scored + failed < batch_size THEN
        PERFORM churn_internal."dequeue_missing_profiles_1"(array_agg(m.key))
        FROM (
            SELECT m.key FROM churn_internal.failed_profiles m
            WHERE m.attachment_id = 1 AND m.due_at <= statement_timestamp()
            UNION ALL
            SELECT m.key FROM churn_internal.pending_profiles m WHERE m.attachment_id = 1
        ) m;
    END IF;
END $function$;
ALTER ROUTINE churn_internal.work_profiles_1(batch_size integer, OUT scored bigint, OUT failed bigint) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.work_profiles_1(batch_size integer, OUT scored bigint, OUT failed bigint) IS 'Scores the profiles that were marked first, and clears their marks.';

CREATE FUNCTION churn_internal.write_guarded_1(version bigint, on_error text, keys text[], tids tid[], relations oid[], counts bigint[], latests timestamp with time zone[], scores double precision[], versions bigint[], times timestamp with time zone[], OUT failed bigint, OUT reason text) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp
    AS $function$
#variable_conflict use_variable
DECLARE
    size CONSTANT integer := cardinality(tids);
    middle CONSTANT integer := size / 2;
    writing CONSTANT text := current_setting('churn.writing', true);
    around bigint := 0;
    own bigint;
    written bigint;
    state text;
    half record;
BEGIN
    failed := 0;
    own := churn_internal.own_write(1, pg_trigger_depth());
    IF writing <> '' THEN
        around := churn_internal.write_under_way();
        own := churn_internal.inner_write(around, own);
    END IF;
    BEGIN
        IF own IS NULL THEN
            RAISE triggered_data_change_violation USING
                MESSAGE = format('%s is written again and again', 'churn.customers'),
                HINT = 'A trigger of it changes features, or complains, whenever it is written.';
        END IF;
        PERFORM setval('churn_internal.own_writes', own),
                set_config('churn.writing', 'on', true);
        written := churn_internal."update_profiles_1"(
            tids, relations, counts, latests, scores, versions, times
        );
        PERFORM setval('churn_internal.own_writes', around),
                set_config('churn.writing', writing, true);
        IF written = size THEN
            RETURN;
        END IF;
        RAISE triggered_data_change_violation USING
            MESSAGE = format('%s keeps the row as it is', 'churn.customers'),
            DETAIL = 'A trigger, a rule or row level security of the table said so.';
    -- OTHERS are neither assertions nor cancels, which go on.
    EXCEPTION WHEN OTHERS OR assert_failure OR query_canceled THEN
        -- Else a write of others, later, could pass for this one, and one around it could not.
        PERFORM setval('churn_internal.own_writes', around);
        -- Whoever waits for the transaction has to hear of deadlocks and the like.
        IF SQLSTATE ~ '^(40|57)' THEN
            RAISE;
        END IF;
        state := SQLSTATE;
        reason := churn_internal.without_values(SQLSTATE, SQLERRM);
        -- Without the detail of before, in which PostgreSQL shows the row to its owner.
        IF coalesce(on_error, (
            SELECT a.on_error FROM churn.attachments a WHERE a.attachment_id = 1
        )) = 'raise' THEN
            RAISE USING ERRCODE = state, MESSAGE = reason,
                DETAIL = format('pgchurn was writing %s.', 'churn.customers');
        END IF;
    END;
    -- Those that can be written are: halves of halves find out which.
    IF size > 1 THEN
        FOR half IN
            SELECT w.*
            FROM (VALUES (1, middle), (middle + 1, size)) b (first, last)
            CROSS JOIN LATERAL churn_internal."write_guarded_1"(
                version, on_error, keys[b.first:b.last], tids[b.first:b.last],
                relations[b.first:b.last], counts[b.first:b.last], latests[b.first:b.last],
                scores[b.first:b.last], versions[b.first:b.last], times[b.first:b.last]
            ) w
        LOOP
            failed := failed + half.failed;
        END LOOP;
    ELSE
        failed := 1;
        PERFORM churn_internal.mark_failures(
            1, version, keys, ARRAY[state], ARRAY[reason], uncounted => true
        );
    END IF;
END $function$;
ALTER ROUTINE churn_internal.write_guarded_1(version bigint, on_error text, keys text[], tids tid[], relations oid[], counts bigint[], latests timestamp with time zone[], scores double precision[], versions bigint[], times timestamp with time zone[], OUT failed bigint, OUT reason text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.write_guarded_1(version bigint, on_error text, keys text[], tids tid[], relations oid[], counts bigint[], latests timestamp with time zone[], scores double precision[], versions bigint[], times timestamp with time zone[], OUT failed bigint, OUT reason text) IS 'Writes what pgchurn keeps in locked profile rows, and marks those where something of others fails; returns how many, and the first reason.';

CREATE FUNCTION churn_internal.write_profiles_1(changed bigint[], new_complaints bigint[], latest_complaints timestamp with time zone[], queued boolean DEFAULT false, overwritten boolean DEFAULT false, on_error text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET plan_cache_mode TO force_generic_plan
    AS $function$
#variable_conflict use_variable
DECLARE
    -- Bounds the memory that a statement takes, however many customers it touches.
    batch_size CONSTANT integer := least(5000, 2500000);
    batch_end integer;
    active record;
    recounted pg_catalog.int8[];
    profiles record;
    challenged boolean[];
    scores double precision[];
    guarded record;
BEGIN
    SELECT d.*, ARRAY(SELECT k.fingerprint FROM churn_trust.trusted_keys k WHERE k.revoked_at IS NULL) AS trusted_keys INTO active
    FROM churn_internal.active_deployment(CASE WHEN NOT queued THEN 1 END) d;
    FOR batch_start IN 1 .. cardinality(changed) BY batch_size LOOP
        batch_end := batch_start + batch_size - 1;
        recounted := ARRAY(
            SELECT given.key
            FROM unnest(
                changed[batch_start:batch_end], new_complaints[batch_start:batch_end]
            ) given (key, complaints)
            WHERE given.complaints IS NULL
        );
        IF cardinality(recounted) > 0 THEN
            PERFORM churn_trust.note_recount(txid_current());
            PERFORM set_config('churn.score_failed', 'recounted', true);
            -- Locked by a statement of its own, so that the next one, which counts,
            -- sees all that was committed before the locks.
            PERFORM FROM churn.customers p
            WHERE p.customer_id OPERATOR(pg_catalog.=) ANY (changed[batch_start:batch_end])
            ORDER BY p.customer_id
            FOR NO KEY UPDATE;
            -- A key that comes into being may have a mark from before: see
            -- churn_internal.enqueue_profiles, which may find it in this transaction.
            PERFORM FROM churn_internal.failed_profiles m
            WHERE m.attachment_id = 1 AND m.key = ANY (recounted::text[] COLLATE "C")
            FOR UPDATE;
        END IF;

        -- Locks in key order, so that two statements never wait for each other in a
        -- ring, and no more than NO KEY UPDATE, so that foreign keys are not held up.
        SELECT array_agg(r.tid) AS tids, array_agg(r.relation) AS relations,
               array_agg(r.key) AS keys, array_agg(r.complaints) AS counts,
               array_agg(r.latest) AS latests, array_agg(r.has_score) AS have_scores,
               churn_internal.array_image(
                   array_agg(r.numbers) FILTER (WHERE NOT queued)
               ) AS numbers,
               NULL::text[] AS texts
        INTO profiles
        FROM (
            SELECT p.ctid AS tid, p.tableoid AS relation, p.customer_id AS key, n.complaints,
                   n.latest,
                   -- Null: waits already, unless somebody wrote that there.
                   CASE
                       WHEN p.churn_score IS NULL
                            OR (overwritten AND given.complaints IS NULL) THEN false
                       WHEN p.churn_model_version IS NOT NULL THEN true
                   END AS has_score,
                   CASE WHEN NOT queued THEN ARRAY[0]::double precision[] END AS numbers,
                   CASE WHEN NOT queued THEN ARRAY[]::pg_catalog.text[] END AS texts
            FROM churn.customers p
            JOIN unnest(
                changed[batch_start:batch_end], new_complaints[batch_start:batch_end],
                latest_complaints[batch_start:batch_end]
            ) given (key, complaints, latest) ON p.customer_id OPERATOR(pg_catalog.=) given.key
            LEFT JOIN (
                SELECT c.customer_id::pg_catalog.int8 AS key, count(*) AS complaints,
                       max(c.complained_at) AS latest
                FROM churn.complaints c
                WHERE cardinality(recounted) > 0
                  AND c.customer_id::pg_catalog.int8
                      OPERATOR(pg_catalog.=) ANY (recounted)
                GROUP BY 1
            ) counted ON p.customer_id OPERATOR(pg_catalog.=) counted.key
            CROSS JOIN LATERAL (
                SELECT CASE
                           WHEN given.complaints IS NULL
                               THEN coalesce(counted.complaints, 0)
                           ELSE p.complaint_count + given.complaints
                       END,
                       CASE
                           WHEN given.complaints IS NULL AND counted.complaints IS NULL
                               THEN NULL
                           WHEN given.complaints IS NULL THEN counted.latest
                           ELSE greatest(p.last_complaint_at, given.latest)
                       END
            ) n (complaints, latest)
            ORDER BY p.customer_id
            FOR NO KEY UPDATE OF p
        ) r;

        scores := NULL;
        IF active.share IS NOT NULL THEN
            challenged := churn_internal.arms(
                profiles.keys::text[], active.salt, active.share
            );
        END IF;
        IF active.version IS NOT NULL AND profiles.tids IS NOT NULL THEN
            scores := churn_internal.score_batch(
                1, active.version, active.artifact_sha256, active.trusted_keys, '[[], []]',
                profiles.numbers, profiles.texts, on_error, active.challenger,
                active.challenger_sha256, challenged
            );
        END IF;

        IF false THEN
            SELECT w.* INTO guarded
            FROM (
                SELECT array_agg(p.customer_id::text) AS keys, array_agg(p.ctid) AS tids,
                       array_agg(p.tableoid) AS relations,
                       array_agg(new.complaints) AS counts, array_agg(new.latest) AS latests,
                       array_agg(coalesce(new.score, p.churn_score)) AS scores,
                       array_agg(CASE
                           WHEN queued THEN NULL
                           WHEN new.score IS NULL THEN p.churn_model_version
                           WHEN new.challenged THEN active.challenger
                           ELSE active.version
                       END) AS versions,
                       array_agg(CASE
                           WHEN new.score IS NULL THEN p.churn_scored_at ELSE clock_timestamp()
                       END) AS times
                FROM unnest(
                    profiles.tids, profiles.keys, profiles.counts, profiles.latests, scores,
                    challenged
                ) new (tid, key, complaints, latest, score, challenged)
                JOIN churn.customers p ON p.ctid = new.tid
                    AND p.customer_id OPERATOR(pg_catalog.=) new.key
                WHERE new.score IS NOT NULL
                   OR (queued AND p.churn_model_version IS NOT NULL)
                   OR (p.complaint_count, p.last_complaint_at)
                      IS DISTINCT FROM (new.complaints, new.latest)
                HAVING count(*) > 0
            ) due
            CROSS JOIN LATERAL churn_internal."write_guarded_1"(
                active.version, on_error, due.keys, due.tids, due.relations, due.counts,
                due.latests, due.scores, due.versions, due.times
            ) w;
            IF guarded.failed > 0 THEN
                PERFORM churn_internal.warn(
                    CASE
                        WHEN guarded.failed = 1
                            THEN format('a row of %s was not written', 'churn.customers')
                        ELSE format(
                            '%s rows of %s were not written', guarded.failed, 'churn.customers'
                        )
                    END,
                    guarded.reason,
                    format('churn.health has the reasons, and CALL churn.repair(%L) mends the '
                           'rows when they are gone.', 'churn.customers')
                );
            END IF;
        ELSE
            PERFORM churn_internal."store_profiles_1"(
                profiles.tids, profiles.relations, profiles.counts, profiles.latests, scores,
                challenged, queued, active.version, active.challenger
            );
        END IF;
        IF queued AND profiles.tids IS NOT NULL THEN
            PERFORM churn_internal.enqueue_profiles(
                1, profiles.keys::text[], profiles.have_scores
            );
        ELSE
            IF array_position(scores, NULL) IS NOT NULL THEN
                PERFORM churn_internal.record_failures(
                    1, active.version, profiles.keys::text[], scores,
                    challenger => active.challenger, challenged => challenged
                );
            END IF;
            IF active.share IS NOT NULL THEN
                PERFORM churn_internal.record_exposures(1, profiles.keys::text[], scores);
            END IF;
        END IF;
    END LOOP;
END $function$;
ALTER ROUTINE churn_internal.write_profiles_1(changed bigint[], new_complaints bigint[], latest_complaints timestamp with time zone[], queued boolean, overwritten boolean, on_error text) OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.write_profiles_1(changed bigint[], new_complaints bigint[], latest_complaints timestamp with time zone[], queued boolean, overwritten boolean, on_error text) IS 'Locks profiles in key order, adds complaints or, where new_complaints is null, counts them anew, scores the rows, or marks them where queued, and writes each of them once. Overwritten: those counted anew may hold what others wrote.';

CREATE FUNCTION churn_internal.write_under_way() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.write_under_way() OWNER TO churn_owner;
COMMENT ON ROUTINE churn_internal.write_under_way() IS 'The write of pgchurn''s that is under way, as churn_internal.own_write numbers it, or 0; negative: within another one of the same profile.';

CREATE FUNCTION churn_internal.wrong_profiles(attachment churn.attachments) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
ALTER ROUTINE churn_internal.wrong_profiles(attachment churn.attachments) OWNER TO churn_owner;
GRANT EXECUTE ON ROUTINE churn_internal.wrong_profiles(attachment churn.attachments) TO churn_loader;
COMMENT ON ROUTINE churn_internal.wrong_profiles(attachment churn.attachments) IS 'Keys of the profiles that churn.verify finds wrong or that are marked, in key order.';

CREATE FUNCTION churn_trust.admit_owner() RETURNS event_trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
COMMENT ON ROUTINE churn_trust.admit_owner() IS 'Event trigger: lets pgchurn use the schema to which an attached table was moved, or a type, operator or collation of one, where whoever moves it may say so.';

CREATE FUNCTION churn_trust.allow_pickle(artifact_sha256 bytea, comment text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
GRANT EXECUTE ON ROUTINE churn_trust.allow_pickle(artifact_sha256 bytea, comment text) TO churn_owner;
COMMENT ON ROUTINE churn_trust.allow_pickle(artifact_sha256 bytea, comment text) IS 'Lets a pickle without a compiled form score, by its digest. For superusers.';

CREATE FUNCTION churn_trust.array_bytes(numbers double precision[]) RETURNS bytea
    LANGUAGE internal IMMUTABLE PARALLEL UNSAFE STRICT COST 1;
GRANT EXECUTE ON ROUTINE churn_trust.array_bytes(numbers double precision[]) TO churn_owner;
COMMENT ON ROUTINE churn_trust.array_bytes(numbers double precision[]) IS 'The bytes of an array, as the server holds it in memory.';

CREATE FUNCTION churn_trust.create_profile_writer(attachment_id integer, profile regclass, write_search_path text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
GRANT EXECUTE ON ROUTINE churn_trust.create_profile_writer(attachment_id integer, profile regclass, write_search_path text) TO churn_owner;
COMMENT ON ROUTINE churn_trust.create_profile_writer(attachment_id integer, profile regclass, write_search_path text) IS 'Writes the function that writes a profile as the owner of its table, where others have put triggers, checks and the like on it.';

CREATE FUNCTION churn_trust.fill_template(template text, placeholders jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
GRANT EXECUTE ON ROUTINE churn_trust.fill_template(template text, placeholders jsonb) TO churn_owner;
COMMENT ON ROUTINE churn_trust.fill_template(template text, placeholders jsonb) IS 'The statements of a template with each @placeholder@ replaced.';

CREATE FUNCTION churn_trust.image_array(image churn_trust.array_image) RETURNS double precision[]
    LANGUAGE internal IMMUTABLE PARALLEL UNSAFE STRICT COST 1;
GRANT EXECUTE ON ROUTINE churn_trust.image_array(image churn_trust.array_image) TO churn_owner;
COMMENT ON ROUTINE churn_trust.image_array(image churn_trust.array_image) IS 'The array of which these are the bytes: the quickest way from Python.';

CREATE FUNCTION churn_trust.is_array_image(bytes bytea) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE;
GRANT EXECUTE ON ROUTINE churn_trust.is_array_image(bytes bytea) TO churn_owner;
COMMENT ON ROUTINE churn_trust.is_array_image(bytes bytea) IS 'Whether these are the bytes of an array of numbers, none of them null, or none.';

CREATE FUNCTION churn_trust.is_pickle_allowed(artifact_sha256 bytea) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
GRANT EXECUTE ON ROUTINE churn_trust.is_pickle_allowed(artifact_sha256 bytea) TO churn_owner;
COMMENT ON ROUTINE churn_trust.is_pickle_allowed(artifact_sha256 bytea) IS 'Whether a superuser has let a pickle score, by its digest.';

CREATE FUNCTION churn_trust.keys_in_force() RETURNS TABLE(fingerprint text, public_key bytea)
    LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp;
GRANT EXECUTE ON ROUTINE churn_trust.keys_in_force() TO churn_owner;
COMMENT ON ROUTINE churn_trust.keys_in_force() IS 'The keys that may sign models. While there is one, unsigned models neither register nor score.';

CREATE FUNCTION churn_trust.note_recount(transaction_id bigint) RETURNS void
    LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path TO pg_catalog, pg_temp
    SET track_functions TO pl;
GRANT EXECUTE ON ROUTINE churn_trust.note_recount(transaction_id bigint) TO churn_owner;
COMMENT ON ROUTINE churn_trust.note_recount(transaction_id bigint) IS 'Remembers that complaints were counted anew in a transaction, and is counted by the server whatever its settings.';

CREATE FUNCTION churn_trust.objects_of_others(profile regclass) RETURNS TABLE(object text, function regprocedure)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
GRANT EXECUTE ON ROUTINE churn_trust.objects_of_others(profile regclass) TO churn_owner;
COMMENT ON ROUTINE churn_trust.objects_of_others(profile regclass) IS 'What of others runs whenever a row of a profile is written, or may forbid it, and the functions that it calls.';

CREATE FUNCTION churn_trust.read_public_key(public_key text, OUT fingerprint text, OUT point bytea, OUT message text, OUT detail text, OUT hint text, OUT sqlstate text) RETURNS record
    LANGUAGE plpython3u STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
COMMENT ON ROUTINE churn_trust.read_public_key(public_key text, OUT fingerprint text, OUT point bytea, OUT message text, OUT detail text, OUT hint text, OUT sqlstate text) IS 'Fingerprint and 32 bytes of an Ed25519 public key in PEM, or why it is refused.';

CREATE FUNCTION churn_trust.refuse_trust_change() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
COMMENT ON ROUTINE churn_trust.refuse_trust_change() IS 'Trigger of the trusted keys and allowed pickles: pg_write_all_data and a careless GRANT do not reach them.';

CREATE FUNCTION churn_trust.revoke_key(fingerprint text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
COMMENT ON ROUTINE churn_trust.revoke_key(fingerprint text) IS 'Ends the trust in a key. What it signed scores no more in statements that begin after the commit, nor, after a second, in those that go on; a transaction that keeps to a snapshot from before goes by that. Ends the releases of versions that it signed, and experiments with them. For superusers.';

CREATE FUNCTION churn_trust.tables_of(parent regclass) RETURNS SETOF oid
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
GRANT EXECUTE ON ROUTINE churn_trust.tables_of(parent regclass) TO churn_owner;
COMMENT ON ROUTINE churn_trust.tables_of(parent regclass) IS 'A table, its partitions and its children.';

CREATE FUNCTION churn_trust.template_update_profiles() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
COMMENT ON ROUTINE churn_trust.template_update_profiles() IS 'Template: see churn_trust.fill_template.';

CREATE FUNCTION churn_trust.trust_key(public_key text, comment text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path TO pg_catalog, pg_temp;
COMMENT ON ROUTINE churn_trust.trust_key(public_key text, comment text) IS 'Trusts an Ed25519 public key, in PEM, to sign models; returns its fingerprint. From then on unsigned models neither register nor score. For superusers.';

CREATE EVENT TRIGGER churn_admit_owner ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'ALTER TYPE', 'ALTER DOMAIN', 'ALTER COLLATION', 'ALTER OPERATOR', 'ALTER EXTENSION')
    EXECUTE FUNCTION churn_trust.admit_owner();
COMMENT ON EVENT TRIGGER churn_admit_owner IS 'Lets pgchurn into the schema to which something that attached tables need was moved.';

CREATE EVENT TRIGGER churn_follow_altered_tables ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'ALTER INDEX', 'ALTER SCHEMA', 'ALTER TYPE', 'ALTER DOMAIN', 'ALTER COLLATION', 'ALTER OPERATOR', 'ALTER EXTENSION', 'ALTER FUNCTION', 'ALTER ROUTINE', 'CREATE TABLE', 'CREATE TRIGGER', 'CREATE INDEX', 'CREATE RULE', 'CREATE PUBLICATION', 'ALTER PUBLICATION', 'CREATE CAST', 'CREATE OPERATOR CLASS', 'ALTER OPERATOR FAMILY')
    EXECUTE FUNCTION churn_internal.follow_altered_tables();
COMMENT ON EVENT TRIGGER churn_follow_altered_tables IS 'Fits the functions of attached tables to what was altered.';

CREATE EVENT TRIGGER churn_keep_attached_tables ON sql_drop
    WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP TYPE', 'DROP DOMAIN', 'DROP EXTENSION', 'DROP TRIGGER', 'DROP RULE', 'DROP INDEX', 'DROP FUNCTION')
    EXECUTE FUNCTION churn_internal.keep_attached_tables();
COMMENT ON EVENT TRIGGER churn_keep_attached_tables IS 'Refuses to drop a table that is attached.';

CREATE EVENT TRIGGER churn_keep_unique_keys ON sql_drop
    WHEN TAG IN ('ALTER TABLE', 'DROP INDEX')
    EXECUTE FUNCTION churn_internal.keep_unique_keys();
COMMENT ON EVENT TRIGGER churn_keep_unique_keys IS 'Refuses to drop the index that keeps the keys of an attached table unique.';

-- Module admission
-- Module arms
-- Module attestation
-- Module balanced_pipelines
-- Module batches
-- Module booster_checks
-- Module boosters
-- Module boundary_rows
-- Module bounded_cache
-- Module bytecode
-- Module chosen_columns
-- Module column_checks
-- Module column_steps
-- Module comparing
-- Module comparing_evidence
-- Module comparing_scores
-- Module comparing_segments
-- Module compile_bayes
-- Module compile_boosters
-- Module compile_classifiers
-- Module compile_column_steps
-- Module compile_columns
-- Module compile_computed
-- Module compile_functions
-- Module compile_imputers
-- Module compile_model
-- Module compile_neighbours
-- Module compile_pieces
-- Module compile_preprocessing
-- Module compile_selection
-- Module compile_sums
-- Module compile_through
-- Module compile_trees
-- Module compiled
-- Module confidence_sequences
-- Module diagnostics
-- Module environment
-- Module errors
-- Module estimator_checks
-- Module estimators
-- Module experiment_arms
-- Module experiment_streams
-- Module experimenting
-- Module explain_candidate
-- Module explain_classifiers
-- Module explain_columns
-- Module explain_model
-- Module explain_trees
-- Module explainer
-- Module explaining
-- Module explanation_rows
-- Module explanations
-- Module features
-- Module finder
-- Module foreign_files
-- Module foreign_libraries
-- Module foreign_names
-- Module forest_graph
-- Module form
-- Module form_arrays
-- Module form_computed
-- Module form_explained
-- Module form_explained_subsets
-- Module form_explained_trees
-- Module form_functions
-- Module form_matrices
-- Module form_neighbours
-- Module form_parts
-- Module form_scalars
-- Module form_source
-- Module form_tree_checks
-- Module form_tree_source
-- Module form_tree_walk
-- Module form_trees
-- Module iterative_checks
-- Module joblib_files
-- Module json_rows
-- Module logged_rows
-- Module monitor_bins
-- Module monitor_calibration
-- Module monitor_cohorts
-- Module monitor_drift
-- Module monitor_expected
-- Module monitor_figures
-- Module monitor_performance
-- Module monitor_points
-- Module monitor_quality
-- Module monitor_reference
-- Module monitor_results
-- Module monitor_rows
-- Module monitor_rules
-- Module monitor_tallies
-- Module monitoring
-- Module neighbour_checks
-- Module numpy_later
-- Module pacing
-- Module parity
-- Module permitted
-- Module pickle_scan
-- Module pickle_trees
-- Module pickle_values
-- Module pickled
-- Module proportions
-- Module queries
-- Module raw_readers
-- Module reference
-- Module reference_bins
-- Module reference_scores
-- Module registry
-- Module releasing
-- Module sample_ratio
-- Module sandbox
-- Module sandbox_start
-- Module sandbox_worker
-- Module scoring
-- Module searches
-- Module session
-- Module shapley
-- Module signature
-- Module smallest_changes
-- Module strict_pickle
-- Module two_proportions
-- Module unpacking
-- Module unread
