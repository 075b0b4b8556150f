CREATE OR REPLACE FUNCTION churn.create_attachment_functions(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    placeholders jsonb := jsonb_build_object(
        'id', attachment.attachment_id,
        'layout', quote_literal(churn.layout(attachment)),
        'profile', churn.table_name(attachment.profile),
        'key', quote_ident(attachment.profile_key),
        'key_type', churn.key_type(attachment),
        'complaints', churn.table_name(attachment.complaints),
        'complaint_key', quote_ident(attachment.complaint_key),
        -- Whole literals: what a backslash in a name means is up to the session.
        'verify_comment', quote_literal(format(
            'Counters and scores of %s that disagree with the truth.',
            churn.table_name(attachment.profile)
        )),
        'complaints_comment', quote_literal(format(
            'Trigger of %s: keeps counters and scores of %s right.',
            churn.table_name(attachment.complaints),
            churn.table_name(attachment.profile)
        )),
        'profile_comment', quote_literal(format(
            'Trigger of %s: scores rows that are new or whose features changed.',
            churn.table_name(attachment.profile)
        )),
        -- Without a time of its own a complaint was made when it was inserted.
        'complaint_time', coalesce(churn.complaint_time(attachment), 'now()'),
        'latest', CASE
            WHEN attachment.complaint_time IS NULL
                THEN 'greatest(p.last_complaint_at, given.latest)'
            ELSE 'counted.latest'
        END,
        'expected_latest', CASE
            WHEN attachment.complaint_time IS NULL THEN 'p.last_complaint_at'
            ELSE 'counted.latest'
        END,
        -- Arrays of nothing cannot be accumulated.
        'text_rows', CASE
            WHEN attachment.text_columns = '{}' THEN 'NULL::text[]'
            ELSE 'array_agg(r.texts)'
        END
    );
    arrays record;
    outdated regprocedure;
BEGIN
    -- A key of another type makes other functions of the same names.
    FOR outdated IN
        SELECT f.oid FROM pg_catalog.pg_proc f
        WHERE f.pronamespace = 'churn'::regnamespace
          AND f.proname IN (
            format('read_profiles_%s', attachment.attachment_id),
            format('write_profiles_%s', attachment.attachment_id),
            format('rescore_profiles_%s', attachment.attachment_id)
          )
          AND f.proargtypes[0] NOT IN (
            (placeholders ->> 'key_type')::regtype,
            (placeholders ->> 'key_type' || '[]')::regtype
          )
    LOOP
        EXECUTE format('DROP FUNCTION %s', outdated);
    END LOOP;

    arrays := churn.feature_arrays(attachment, '($1)', '($1).complaint_count', 'NULL');
    PERFORM churn.create_from_template($template$
-- Plain SQL without settings of its own: the planner puts the expression in its place,
-- so that no row is ever built.
CREATE OR REPLACE FUNCTION churn.score(@profile@)
RETURNS double precision
LANGUAGE sql STABLE PARALLEL UNSAFE
AS $function$
SELECT CASE
    -- The missing side of an outer join is nobody's row.
    WHEN ($1).@key@ IS NULL AND ($1).complaint_count IS NULL THEN NULL
    ELSE churn.score_features(@id@, @layout@, @numbers@, @texts@)
END
$function$;
COMMENT ON FUNCTION churn.score(@profile@) IS
    'Probability of churn, 0 to 1, of a profile row under its active model.';
ALTER FUNCTION churn.score(@profile@) OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.score(@profile@) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.score(@profile@) TO churn_scorer, churn_loader;
$template$, placeholders || to_jsonb(arrays));

    arrays := churn.feature_arrays(attachment, 'p', 'p.complaint_count', '''NaN''');
    PERFORM churn.create_from_template($template$
CREATE OR REPLACE FUNCTION churn.score_many(profiles @profile@[])
RETURNS double precision[]
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    positions bigint[];
    numbers bytea;
    texts text[];
BEGIN
    IF profiles IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(r.ordinality), array_send(array_agg(r.numbers)), @text_rows@
    INTO positions, numbers, texts
    FROM (
        SELECT p.ordinality, @numbers@ AS numbers, @texts@ AS texts
        FROM unnest(profiles) WITH ORDINALITY p
        WHERE num_nonnulls(p.@key@, p.complaint_count) > 0
        ORDER BY p.ordinality
    ) r;
    RETURN ARRAY(
        SELECT s.score
        FROM generate_series(1, cardinality(profiles)) n (position)
        LEFT JOIN unnest(
            positions, churn.score_features_many(@id@, @layout@, numbers, texts)
        ) s (position, score) ON s.position = n.position
        ORDER BY n.position
    );
END
$function$;
COMMENT ON FUNCTION churn.score_many(@profile@[]) IS
    'Probabilities of churn, 0 to 1, of many profile rows in few calls of the active model.';
ALTER FUNCTION churn.score_many(@profile@[]) OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.score_many(@profile@[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.score_many(@profile@[]) TO churn_scorer, churn_loader;
$template$, placeholders || to_jsonb(arrays));

    arrays := churn.feature_arrays(
        attachment, 'p', 'coalesce(given.complaint_count, p.complaint_count)', '''NaN'''
    );
    PERFORM churn.create_from_template($template$
CREATE OR REPLACE FUNCTION churn.read_profiles_@id@(
    wanted @key_type@[], complaint_counts bigint[],
    OUT keys @key_type@[], OUT numbers bytea, OUT texts text[]
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_variable
BEGIN
    SELECT array_agg(r.key), array_send(array_agg(r.numbers)), @text_rows@
    INTO keys, numbers, texts
    FROM (
        SELECT p.@key@ AS key, @numbers@ AS numbers, @texts@ AS texts
        FROM @profile@ p
        JOIN unnest(wanted, complaint_counts) given (key, complaint_count)
            ON given.key = p.@key@
        ORDER BY p.@key@
    ) r;
END
$function$;
COMMENT ON FUNCTION churn.read_profiles_@id@ IS
    'Features of the profiles with these keys in key order, as scoring takes them; '
    'complaint_counts, where given, stand in for the stored ones.';
ALTER FUNCTION churn.read_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.read_profiles_@id@ FROM PUBLIC;
$template$, placeholders || to_jsonb(arrays));

    arrays := churn.feature_arrays(attachment, 'p', 'n.complaints', '''NaN''');
    PERFORM churn.create_from_template($template$
CREATE OR REPLACE FUNCTION churn.write_profiles_@id@(
    changed @key_type@[], new_complaints bigint[], latest_complaints timestamptz[]
)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Planning for each batch anew took longer than reading a small one.
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_variable
DECLARE
    -- Bounds the memory that a statement takes, however many customers it touches.
    batch_size CONSTANT integer := 5000;
    batch_end integer;
    active record;
    recounted @key_type@[];
    profiles record;
    scores double precision[];
    mark text;
BEGIN
    SELECT * INTO active FROM churn.active_deployment(@id@);
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
            PERFORM churn.note_recount(txid_current());
            mark := set_config('churn.score_failed', 'recounted', true);
            -- Locked by a statement of its own, so that the next one, which counts,
            -- sees all that was committed before the locks.
            PERFORM FROM @profile@ p
            WHERE p.@key@ = ANY (changed[batch_start:batch_end])
            ORDER BY p.@key@
            FOR NO KEY UPDATE;
        END IF;

        -- Locks in key order, so that two statements never wait for each other in a
        -- ring, and no more than NO KEY UPDATE, so that foreign keys are not held up.
        SELECT array_agg(r.tid) AS tids, array_agg(r.key) AS keys,
               array_agg(r.complaints) AS counts, array_agg(r.latest) AS latests,
               array_send(array_agg(r.numbers)) AS numbers, @text_rows@ AS texts
        INTO profiles
        FROM (
            SELECT p.ctid AS tid, p.@key@ AS key, n.complaints, n.latest,
                   @numbers@ AS numbers, @texts@ AS texts
            FROM @profile@ p
            JOIN unnest(
                changed[batch_start:batch_end], new_complaints[batch_start:batch_end],
                latest_complaints[batch_start:batch_end]
            ) given (key, complaints, latest) ON given.key = p.@key@
            LEFT JOIN (
                SELECT c.@complaint_key@ AS key, count(*) AS complaints,
                       max(@complaint_time@) AS latest
                FROM @complaints@ c
                WHERE cardinality(recounted) > 0 AND c.@complaint_key@ = ANY (recounted)
                GROUP BY 1
            ) counted ON counted.key = p.@key@
            CROSS JOIN LATERAL (
                SELECT CASE
                           WHEN given.complaints IS NULL
                               THEN coalesce(counted.complaints, 0)
                           ELSE p.complaint_count + given.complaints
                       END,
                       CASE
                           WHEN given.complaints IS NULL AND counted.complaints IS NULL
                               THEN NULL
                           WHEN given.complaints IS NULL THEN @latest@
                           ELSE greatest(p.last_complaint_at, given.latest)
                       END
            ) n (complaints, latest)
            ORDER BY p.@key@
            FOR NO KEY UPDATE OF p
        ) r;

        scores := NULL;
        IF active.version IS NOT NULL AND profiles.tids IS NOT NULL THEN
            scores := churn.score_batch(
                @id@, active.version, active.artifact_sha256, @layout@,
                profiles.numbers, profiles.texts, on_error => NULL
            );
        END IF;

        -- By place, since nobody moves a row that is locked; and by key, since the
        -- partitions of a table have the same places.
        UPDATE @profile@ p SET
            complaint_count = new.complaints,
            last_complaint_at = new.latest,
            churn_score = coalesce(new.score, p.churn_score),
            churn_model_version = CASE
                WHEN new.score IS NULL THEN p.churn_model_version ELSE active.version
            END,
            churn_scored_at = CASE
                WHEN new.score IS NULL THEN p.churn_scored_at ELSE clock_timestamp()
            END
        FROM unnest(
            profiles.tids, profiles.keys, profiles.counts, profiles.latests, scores
        ) new (tid, key, complaints, latest, score)
        WHERE p.ctid = new.tid AND p.@key@ = new.key
          AND (new.score IS NOT NULL
               OR (p.complaint_count, p.last_complaint_at)
                  IS DISTINCT FROM (new.complaints, new.latest));
        IF array_position(scores, NULL) IS NOT NULL THEN
            PERFORM churn.mark_for_rescoring(
                @id@, active.version, profiles.keys::text[], scores
            );
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION churn.write_profiles_@id@ IS
    'Locks profiles in key order, adds complaints or, where new_complaints is null, '
    'counts them anew, scores the rows and writes each of them once.';
ALTER FUNCTION churn.write_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.write_profiles_@id@ FROM PUBLIC;
$template$, placeholders || to_jsonb(arrays));

    arrays := churn.feature_arrays(attachment, 'p', 'p.complaint_count', '''NaN''');
    PERFORM churn.create_from_template($template$
CREATE OR REPLACE FUNCTION churn.rescore_profiles_@id@(
    after @key_type@, batch_size integer
)
RETURNS @key_type@
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- So that the condition on the key becomes a bound of the index, or goes.
SET plan_cache_mode = force_custom_plan
-- So that rows are written, and locked, in the order of the arrays or of the key.
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $function$
#variable_conflict use_variable
DECLARE
    active record;
    profiles record;
    scores double precision[];
    written bigint;
BEGIN
    SELECT * INTO active FROM churn.active_deployment(@id@);
    SELECT array_agg(r.tid) AS tids, array_agg(r.writer) AS writers,
           array_agg(r.key) AS keys, array_send(array_agg(r.numbers)) AS numbers,
           @text_rows@ AS texts
    INTO profiles
    FROM (
        SELECT p.ctid AS tid, p.xmin AS writer, p.@key@ AS key, @numbers@ AS numbers,
               @texts@ AS texts
        FROM @profile@ p
        WHERE after IS NULL OR p.@key@ > after
        ORDER BY p.@key@
        LIMIT batch_size
    ) r;
    IF profiles.tids IS NULL THEN
        RETURN NULL;
    END IF;
    scores := churn.score_batch(
        @id@, active.version, active.artifact_sha256, @layout@, profiles.numbers,
        profiles.texts, on_error => NULL
    );
    -- Locking the rows before reading them would write each of them twice. So one that
    -- somebody has changed meanwhile, which is at another place or has another writer,
    -- is found out here, and then the whole batch is done again by the rules: its locks
    -- are let go, because more of them would not be taken in the order of keys.
    BEGIN
        UPDATE @profile@ p SET
            churn_score = new.score, churn_model_version = active.version,
            churn_scored_at = clock_timestamp()
        FROM unnest(profiles.tids, profiles.writers, profiles.keys, scores)
            new (tid, writer, key, score)
        WHERE p.ctid = new.tid AND p.xmin = new.writer AND p.@key@ = new.key
          AND new.score IS NOT NULL;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written < cardinality(array_remove(scores, NULL)) THEN
            RAISE SQLSTATE 'CH001';
        END IF;
    EXCEPTION WHEN SQLSTATE 'CH001' THEN
        PERFORM churn.write_profiles_@id@(
            profiles.keys, array_fill(0::bigint, ARRAY[cardinality(profiles.keys)]), NULL
        );
        RETURN profiles.keys[cardinality(profiles.keys)];
    END;
    IF array_position(scores, NULL) IS NOT NULL THEN
        PERFORM churn.mark_for_rescoring(
            @id@, active.version, profiles.keys::text[], scores
        );
    END IF;
    RETURN profiles.keys[cardinality(profiles.keys)];
END
$function$;
COMMENT ON FUNCTION churn.rescore_profiles_@id@ IS
    'Scores the next batch of profiles after a key; returns its last key, null at the end.';
ALTER FUNCTION churn.rescore_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.rescore_profiles_@id@ FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.rescore_profiles_@id@ TO churn_loader;

CREATE OR REPLACE FUNCTION churn.marked_profiles_@id@(
    OUT mark churn.rescoring_marks, OUT waiting boolean
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m, p.@key@ IS NOT NULL
              AND (p.churn_scored_at > m.last_failed_at) IS NOT TRUE
    FROM churn.rescoring_marks m
    LEFT JOIN @profile@ p ON p.@key@ = m.key::@key_type@
    WHERE m.attachment_id = @id@;
END
$function$;
COMMENT ON FUNCTION churn.marked_profiles_@id@ IS
    'Marks of profiles whose score failed, and whether they still wait to be scored.';
ALTER FUNCTION churn.marked_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.marked_profiles_@id@ FROM PUBLIC;

CREATE OR REPLACE FUNCTION churn.repair_profiles_@id@(wrong text[])
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM churn.write_profiles_@id@(
        ARRAY(SELECT w.key::@key_type@ FROM unnest(wrong) w (key) ORDER BY 1), NULL, NULL
    );
    DELETE FROM churn.rescoring_marks m
    USING churn.marked_profiles_@id@() f
    WHERE m.attachment_id = @id@ AND m.key = (f.mark).key AND m.key = ANY (wrong)
      AND NOT f.waiting;
END
$function$;
COMMENT ON FUNCTION churn.repair_profiles_@id@ IS
    'Counts and scores the profiles with these keys anew, and clears their marks.';
ALTER FUNCTION churn.repair_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.repair_profiles_@id@ FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.repair_profiles_@id@ TO churn_loader;

-- STABLE: all of its statements see the snapshot of the query that calls it, so that
-- what others commit meanwhile is not taken for a divergence.
CREATE OR REPLACE FUNCTION churn.verify_profiles_@id@()
RETURNS TABLE (key text, column_name text, stored text, expected text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    batch_size CONSTANT integer := 10000;
    batch @key_type@[];
    active record;
    named record;
    profiles record;
    scores double precision[];
BEGIN
    SELECT * INTO active FROM churn.active_deployment(@id@);
    FOR batch IN
        SELECT array_agg(b.key)
        FROM (
            SELECT p.@key@ AS key,
                   (row_number() OVER (ORDER BY p.@key@) - 1) / batch_size AS number
            FROM @profile@ p
        ) b
        GROUP BY b.number ORDER BY b.number
    LOOP
        RETURN QUERY
        SELECT p.@key@::text, wrong.column_name, wrong.stored, wrong.expected
        FROM @profile@ p
        LEFT JOIN (
            SELECT c.@complaint_key@ AS key, count(*) AS complaints,
                   max(@complaint_time@) AS latest
            FROM @complaints@ c
            WHERE c.@complaint_key@ = ANY (batch)
            GROUP BY 1
        ) counted ON counted.key = p.@key@
        CROSS JOIN LATERAL (VALUES
            ('complaint_count', p.complaint_count::text,
             coalesce(counted.complaints, 0)::text),
            ('last_complaint_at', p.last_complaint_at::text,
             CASE WHEN counted.complaints > 0 THEN (@expected_latest@)::text END)
        ) wrong (column_name, stored, expected)
        WHERE p.@key@ = ANY (batch) AND wrong.stored IS DISTINCT FROM wrong.expected;

        -- A score is held against the version that it names, no score at all against
        -- the version that would give one.
        FOR named IN
            SELECT v.version, m.artifact_sha256, array_agg(p.@key@) AS keys
            FROM @profile@ p
            CROSS JOIN LATERAL (SELECT CASE
                WHEN num_nonnulls(p.churn_model_version, p.churn_score) > 0
                    THEN p.churn_model_version
                ELSE active.version
            END) v (version)
            LEFT JOIN churn.models m ON m.version = v.version
            WHERE p.@key@ = ANY (batch)
              AND num_nonnulls(v.version, p.churn_score) > 0
            GROUP BY 1, 2
        LOOP
            IF named.artifact_sha256 IS NULL THEN
                RETURN QUERY
                SELECT k.key::text, 'churn_model_version', named.version::text,
                       'a registered version'
                FROM unnest(named.keys) k (key);
                CONTINUE;
            END IF;
            SELECT * INTO profiles FROM churn.read_profiles_@id@(named.keys, NULL);
            scores := churn.score_batch(
                @id@, named.version, named.artifact_sha256, @layout@, profiles.numbers,
                profiles.texts, on_error => 'keep'
            );
            RETURN QUERY
            SELECT p.@key@::text, 'churn_score', p.churn_score::text, s.score::text
            FROM @profile@ p
            JOIN unnest(profiles.keys, scores) s (key, score) ON s.key = p.@key@
            WHERE (abs(p.churn_score - s.score) <= 1e-9) IS NOT TRUE
              AND num_nonnulls(p.churn_score, s.score) > 0;
        END LOOP;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION churn.verify_profiles_@id@ IS @verify_comment@;
ALTER FUNCTION churn.verify_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.verify_profiles_@id@ FROM PUBLIC;
$template$, placeholders || to_jsonb(arrays));

    arrays := churn.feature_arrays(
        attachment, 'p', '(p.complaint_count + new_complaints)', 'NULL'
    );
    PERFORM churn.create_from_template($template$
CREATE OR REPLACE FUNCTION churn.complaints_changed_@id@()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    keys @key_type@[];
    new_complaints bigint;
    latest_complaint timestamptz;
    version bigint;
    digest bytea;
    recounted boolean := false;
    failure text;
    mark text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT n.keys, n.complaints, n.latest, d.version, d.artifact_sha256
        INTO keys, new_complaints, latest_complaint, version, digest
        FROM (
            SELECT array_agg(c.@complaint_key@) AS keys, count(*) AS complaints,
                   max(@complaint_time@) AS latest
            FROM inserted c WHERE c.@complaint_key@ IS NOT NULL
        ) n
        LEFT JOIN churn.active_deployment(@id@) d ON true;

        -- What this statement did besides, by a trigger, an upsert or a WITH, may have
        -- counted the new complaints already: then they are counted anew. The setting
        -- is a hint and no more: anybody may SET it.
        IF current_setting('churn.score_failed', true) <> '' THEN
            recounted := churn.has_recounted(txid_current());
            IF NOT recounted THEN
                mark := set_config('churn.score_failed', '', true);
            END IF;
        END IF;
        IF new_complaints = 1 AND version IS NOT NULL AND NOT recounted THEN
            -- The usual case, one complaint, in one UPDATE: it locks, counts, scores
            -- and writes the row at once. SET evaluates in the order of the columns, so
            -- the two after the score know whether there was one; a sub-SELECT for the
            -- three of them cost a tenth of the whole INSERT.
            UPDATE @profile@ p SET
                complaint_count = p.complaint_count + new_complaints,
                last_complaint_at = greatest(p.last_complaint_at, latest_complaint),
                churn_score = coalesce(
                    churn.score_changed(
                        @id@, version, digest, @layout@, @numbers@, @texts@
                    ), p.churn_score
                ),
                churn_model_version = CASE
                    WHEN current_setting('churn.score_failed', true) <> ''
                        THEN p.churn_model_version
                    ELSE version
                END,
                churn_scored_at = CASE
                    WHEN current_setting('churn.score_failed', true) <> ''
                        THEN p.churn_scored_at
                    ELSE clock_timestamp()
                END
            WHERE p.@key@ = keys[1];
            failure := current_setting('churn.score_failed', true);
            IF failure = 'recounted' THEN
                PERFORM churn.write_profiles_@id@(keys, NULL, ARRAY[latest_complaint]);
            ELSIF failure <> '' THEN
                PERFORM churn.mark_for_rescoring(
                    @id@, version, keys::text[], ARRAY[NULL]::double precision[]
                );
            END IF;
        ELSIF keys IS NOT NULL THEN
            PERFORM churn.write_profiles_@id@(
                array_agg(n.key ORDER BY n.key),
                CASE WHEN NOT churn.has_recounted(txid_current())
                     THEN array_agg(n.complaints ORDER BY n.key) END,
                array_agg(n.latest ORDER BY n.key)
            )
            FROM (
                SELECT c.@complaint_key@::@key_type@ AS key, count(*) AS complaints,
                       max(@complaint_time@) AS latest
                FROM inserted c WHERE c.@complaint_key@ IS NOT NULL
                GROUP BY 1
            ) n;
        END IF;
        RETURN NULL;
    END IF;

    -- What is taken away or moved is counted anew.
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT c.@complaint_key@::@key_type@) INTO keys
        FROM deleted c WHERE c.@complaint_key@ IS NOT NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT m.key) INTO keys
        FROM (
            SELECT n.key FROM (
                SELECT c.@complaint_key@::@key_type@, @complaint_time@, 1 FROM updated c
                UNION ALL
                SELECT c.@complaint_key@::@key_type@, @complaint_time@, -1 FROM former c
            ) n (key, at, change)
            WHERE n.key IS NOT NULL
            GROUP BY n.key, n.at HAVING sum(n.change) <> 0
        ) m;
    ELSE
        -- TRUNCATE also takes complaints away that came after this transaction's
        -- snapshot. Whose they were cannot be seen, but locking their rows fails.
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            PERFORM FROM @profile@ p ORDER BY p.@key@ FOR NO KEY UPDATE;
        END IF;
        SELECT array_agg(p.@key@ ORDER BY p.@key@) INTO keys
        FROM @profile@ p
        WHERE p.complaint_count <> 0 OR p.last_complaint_at IS NOT NULL;
    END IF;
    PERFORM churn.write_profiles_@id@(keys, NULL, NULL) WHERE keys IS NOT NULL;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION churn.complaints_changed_@id@ IS @complaints_comment@;
ALTER FUNCTION churn.complaints_changed_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.complaints_changed_@id@ FROM PUBLIC;
$template$, placeholders || to_jsonb(arrays));

    PERFORM churn.create_from_template($template$
CREATE OR REPLACE FUNCTION churn.profiles_changed_@id@()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    -- Said by the trigger, which knows who writes: a setting anybody may SET.
    own CONSTANT boolean := TG_NARGS > 0;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM churn.write_profiles_@id@(n.keys, NULL, NULL)
        FROM (SELECT array_agg(p.@key@ ORDER BY p.@key@) AS keys FROM inserted p) n
        WHERE n.keys IS NOT NULL;
        RETURN NULL;
    END IF;
    -- Only rows in which something that scoring reads or writes has changed; of what
    -- pgchurn itself wrote, only rows in which that changed features in turn. Complaints
    -- are counted anew where the key or the counter itself was overwritten.
    PERFORM churn.write_profiles_@id@(n.keys, n.complaints, NULL)
    FROM (
        SELECT array_agg(p.@key@ ORDER BY p.@key@) AS keys,
               array_agg(
                   CASE WHEN own OR (f.complaint_count, f.last_complaint_at)
                             IS NOT DISTINCT FROM (p.complaint_count, p.last_complaint_at)
                        THEN 0::bigint END
                   ORDER BY p.@key@
               ) AS complaints
        FROM updated p
        LEFT JOIN former f ON f.@key@ = p.@key@
        WHERE f.@key@ IS NULL
           OR (@former_numbers@, @former_texts@) IS DISTINCT FROM (@numbers@, @texts@)
           OR (NOT own
               AND (f.complaint_count, f.last_complaint_at, f.churn_score,
                    f.churn_model_version, f.churn_scored_at)
                   IS DISTINCT FROM
                   (p.complaint_count, p.last_complaint_at, p.churn_score,
                    p.churn_model_version, p.churn_scored_at))
    ) n
    WHERE n.keys IS NOT NULL;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION churn.profiles_changed_@id@ IS @profile_comment@;
ALTER FUNCTION churn.profiles_changed_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.profiles_changed_@id@ FROM PUBLIC;
$template$, placeholders
        || to_jsonb(churn.feature_arrays(attachment, 'p', 'NULL', 'NULL'))
        || (SELECT jsonb_build_object('former_numbers', f.numbers, 'former_texts', f.texts)
            FROM churn.feature_arrays(attachment, 'f', 'NULL', 'NULL') f));
END
$body$;
COMMENT ON FUNCTION churn.create_attachment_functions IS
    'Writes the functions of an attachment for its tables as they are now.';
ALTER FUNCTION churn.create_attachment_functions OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.create_attachment_functions FROM PUBLIC;
