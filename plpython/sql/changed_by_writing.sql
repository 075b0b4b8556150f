CREATE OR REPLACE FUNCTION churn_internal.changed_by_writing(
    attachment churn.attachments, names text[], OUT changed text[], OUT written boolean
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 AS $body$
DECLARE
    most_rows CONSTANT integer := 10;
    candidate churn.attachments;
    features text[];
    sample text;
    reading text;
    writing text;
    around CONSTANT bigint := churn_internal.write_under_way();
    keys text[];
    tid tid;
    relation oid;
    complaints bigint;
    latest timestamptz;
    version bigint;
    former text[];
    present text[];
    score double precision;
    is_written boolean;
BEGIN
    changed := '{}';
    written := false;
    IF NOT attachment.guarded THEN
        RETURN;
    END IF;
    candidate := churn_internal.with_columns(attachment, names);
    -- The count of complaints is pgchurn's own, and no score changes it.
    features := array_remove(
        (candidate.number_columns || candidate.text_columns)::text[], 'complaint_count'
    );
    -- What is generated from a score changes with some scores, perhaps none of those tried.
    SELECT coalesce(array_agg(DISTINCT c.attname::text), '{}') INTO changed
    FROM churn_trust.tables_of(attachment.profile) t (relation)
    JOIN pg_catalog.pg_attribute c ON c.attrelid = t.relation AND c.attgenerated <> ''
    JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.attrelid AND d.adnum = c.attnum
    JOIN pg_catalog.pg_depend e ON e.classid = 'pg_attrdef'::regclass AND e.objid = d.oid
        AND e.refclassid = 'pg_class'::regclass AND e.refobjid = c.attrelid
    JOIN pg_catalog.pg_attribute s ON s.attrelid = e.refobjid AND s.attnum = e.refobjsubid
    WHERE c.attname = ANY (features)
      AND s.attname IN ('churn_score', 'churn_model_version', 'churn_scored_at');
    -- Above READ COMMITTED a row that somebody else has changed meanwhile would cost the
    -- whole transaction.
    IF features = '{}' OR current_setting('transaction_isolation') NOT LIKE 'read %'
        OR NOT EXISTS (
            SELECT FROM churn_trust.objects_of_others(attachment.profile) o
            WHERE o.object ~ '^(trigger|rule) '
        )
    THEN
        RETURN;
    END IF;
    SELECT format(
               'SELECT array_agg(s.key)
                FROM (
                    SELECT p.%I::text AS key FROM %s p LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
                ) s',
               attachment.profile_key, k.profile, most_rows
           ),
           format(
               'SELECT p.ctid, p.tableoid, p.complaint_count::bigint,
                       p.last_complaint_at::timestamptz, p.churn_model_version::bigint,
                       ARRAY[%s]::text[]
                FROM %s p WHERE p.%I %s $1::%s',
               (SELECT string_agg(
                    format('(%s)::text', churn_internal.feature_expression(
                        c.atttypid, c.atttypmod, format('p.%I', c.attname)
                    )), ', ' ORDER BY f.position
                )
                FROM unnest(features) WITH ORDINALITY f (name, position)
                JOIN pg_catalog.pg_attribute c
                    ON c.attrelid = attachment.profile AND c.attname = f.name),
               k.profile, attachment.profile_key, k.equals_key, k.key_order
           ),
           format(
               'SELECT churn_internal.update_profiles_%s(
                    ARRAY[$1], ARRAY[$2], ARRAY[$3], ARRAY[$4], ARRAY[$5], ARRAY[$6],
                    ARRAY[clock_timestamp()]
                ) = 1',
               attachment.attachment_id
           )
    INTO sample, reading, writing
    FROM jsonb_to_record(churn_internal.attachment_placeholders(attachment))
        k (profile text, equals_key text, key_order text);
    BEGIN
        -- What others have on the table may say what stands in it, and wait for others still.
        PERFORM set_config('client_min_messages', 'error', true),
                set_config('lock_timeout', '500ms', true);
        PERFORM setval(
                    'churn_internal.own_writes',
                    churn_internal.own_write(attachment.attachment_id, pg_trigger_depth())
                ),
                set_config('churn.writing', 'on trial', true);
        EXECUTE sample INTO keys;
        written := keys IS NOT NULL;
        FOR place IN 1..coalesce(cardinality(keys), 0) LOOP
            BEGIN
                EXECUTE reading INTO tid, relation, complaints, latest, version, former
                    USING keys[place];
                -- Low and high, since a trigger may go by the score; and each row's its own,
                -- which may have to be unique.
                FOREACH score IN ARRAY ARRAY[
                    place / (most_rows + 1.0), 1 - place / (most_rows + 1.0)
                ] LOOP
                    EXECUTE writing INTO is_written
                        USING tid, relation, complaints, latest, score, version;
                    EXECUTE reading INTO tid, relation, complaints, latest, version, present
                        USING keys[place];
                    written := written AND is_written;
                    changed := changed || ARRAY(
                        SELECT c.name
                        FROM unnest(features, former, present) c (name, former, present)
                        WHERE tid IS NOT NULL AND c.former IS DISTINCT FROM c.present
                    );
                    former := present;
                END LOOP;
            EXCEPTION WHEN OTHERS OR assert_failure THEN
                IF SQLSTATE ~ '^(40|57)' THEN
                    RAISE;
                END IF;
                written := false;
            END;
        END LOOP;
        -- To take it back.
        RAISE SQLSTATE 'CH002';
    EXCEPTION
        WHEN SQLSTATE 'CH002' THEN
            PERFORM setval('churn_internal.own_writes', around);
        -- OTHERS are neither assertions nor cancels, which go on.
        WHEN OTHERS OR assert_failure OR query_canceled THEN
            PERFORM setval('churn_internal.own_writes', around);
            IF SQLSTATE ~ '^(40|57)' THEN
                RAISE;
            END IF;
            written := false;
    END;
    changed := ARRAY(
        SELECT f.name FROM unnest(features) WITH ORDINALITY f (name, position)
        WHERE f.name = ANY (changed) ORDER BY f.position
    );
END $body$;
COMMENT ON FUNCTION churn_internal.changed_by_writing IS
    'Which of these columns that can be features, or with null which of all, change when '
    'pgchurn writes a score, by triggers, rules and expressions of others, and whether each of '
    'a few rows could be written on trial. What is written is taken back.';
