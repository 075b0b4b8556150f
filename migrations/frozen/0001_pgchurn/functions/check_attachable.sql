CREATE OR REPLACE FUNCTION churn_internal.check_attachable(
    profile regclass, profile_key name, complaints regclass, complaint_key name,
    complaint_time name
) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    wrong record;
    keys record;
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'tables are attached by a superuser',
            DETAIL = 'Columns, triggers and functions are created, and rights granted.';
    END IF;
    PERFORM churn_internal.check_isolation(
        'tables cannot be attached',
        'It could miss complaints that were committed after it began.'
    );
    IF EXISTS (
        SELECT FROM churn.attachments a
        WHERE a.profile = check_attachable.profile AND a.detached_at IS NULL
    ) THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('table %s is already attached', profile),
            HINT = format('Call churn.detach(%L) first.', profile);
    END IF;

    SELECT t.relation, c.relkind, c.relpersistence INTO wrong
    FROM (VALUES (profile), (complaints)) t (relation)
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.relation
    WHERE c.oid IS NULL OR c.relkind NOT IN ('r', 'p') OR c.relpersistence = 't' LIMIT 1;
    IF FOUND THEN
        RAISE wrong_object_type USING
            MESSAGE = format('%s cannot be attached', coalesce(wrong.relation::text, 'null')),
            DETAIL = 'Only tables that are not temporary can.';
    END IF;
    IF profile = complaints THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'profile and complaints are the same table';
    END IF;

    PERFORM churn_internal.check_inheritance(profile, complaints);

    SELECT t.relation, t.name INTO wrong
    FROM (VALUES
        (profile, coalesce(profile_key, 'null')),
        (complaints, coalesce(complaint_key, 'null')),
        (complaints, complaint_time)
    ) t (relation, name)
    WHERE t.name IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = t.relation AND a.attname = t.name
          AND a.attnum > 0 AND NOT a.attisdropped
    ) LIMIT 1;
    IF FOUND THEN
        RAISE undefined_column USING
            MESSAGE = format('column %I of %s does not exist', wrong.name, wrong.relation);
    END IF;

    SELECT a.attname INTO wrong
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = profile AND NOT a.attisdropped AND a.attname IN (
        'complaint_count', 'last_complaint_at', 'churn_score', 'churn_model_version',
        'churn_scored_at'
    ) LIMIT 1;
    IF FOUND THEN
        RAISE duplicate_column USING
            MESSAGE = format('%s already has a column %s', profile, wrong.attname),
            DETAIL = 'churn.attach adds a column of this name.',
            HINT = 'Rename or drop the table''s own column first.';
    END IF;

    SELECT k.* INTO keys
    FROM churn_internal.key_comparison(profile, profile_key, complaints, complaint_key) k;
    IF keys.equals_key IS NOT NULL
        AND NOT churn_internal.has_unique_key(profile, profile_key)
    THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('column %I of %s is not unique', profile_key, profile),
            HINT = 'Make it the primary key, or give it a unique index.';
    END IF;
    IF keys.mismatch IS NOT NULL THEN
        RAISE datatype_mismatch USING MESSAGE = keys.mismatch, DETAIL = keys.reason;
    END IF;

    PERFORM churn_internal.check_code_of_others(
        profile, profile_key, complaints, complaint_key
    );

    SELECT a.atttypid INTO wrong FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = complaints AND a.attname = complaint_time
      AND a.atttypid NOT IN (
        'timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype
      );
    IF FOUND THEN
        RAISE datatype_mismatch USING
            MESSAGE = format('%s.%I is no time', complaints, complaint_time),
            HINT = 'Name a timestamp with time zone, timestamp or date column.';
    END IF;

    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_attribute a
            ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = complaints AND a.attname = complaint_key
    ) THEN
        RAISE NOTICE '%', churn_internal.representable(
            format('no index of %s begins with %s', complaints, complaint_key)
        ) USING HINT = 'Create one: without it every DELETE and UPDATE of complaints '
                         'reads the whole table.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_attachable IS
    'An error, naming cause and remedy, when churn.attach could not do its work.';
