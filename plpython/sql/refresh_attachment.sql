CREATE OR REPLACE FUNCTION churn_internal.refresh_attachment(attachment_id integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments;
    lost text;
    keys record;
    former_tables regclass[];
BEGIN
    SELECT a.* INTO attachment
    FROM churn.attachments a
    WHERE a.attachment_id = refresh_attachment.attachment_id AND a.detached_at IS NULL
    FOR NO KEY UPDATE;

    SELECT format('column %I of %s', needed.name, needed.relation) INTO lost
    FROM (VALUES
        (attachment.profile, attachment.profile_key),
        (attachment.complaints, attachment.complaint_key),
        (attachment.complaints, attachment.complaint_time),
        (attachment.profile, 'complaint_count'),
        (attachment.profile, 'last_complaint_at'),
        (attachment.profile, 'churn_score'),
        (attachment.profile, 'churn_model_version'),
        (attachment.profile, 'churn_scored_at')
    ) needed (relation, name)
    WHERE needed.name IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = needed.relation AND a.attname = needed.name
          AND NOT a.attisdropped
    ) LIMIT 1;
    IF lost IS NOT NULL THEN
        RAISE dependent_objects_still_exist USING
            MESSAGE = format('%s is needed by pgchurn under this name', lost),
            DETAIL = 'The tables are attached to each other.',
            HINT = format('Call churn.detach(%L) before, and churn.attach after.',
                          churn_internal.table_name(attachment.profile));
    END IF;

    SELECT n.nspname INTO lost
    FROM churn_internal.named_objects(attachment) o
    JOIN pg_catalog.pg_namespace n ON n.oid = o.objid
    WHERE o.classid = 'pg_catalog.pg_namespace'::regclass
      AND NOT has_schema_privilege('churn_owner', n.oid, 'USAGE') LIMIT 1;
    IF lost IS NOT NULL THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('pgchurn may not use schema %I', lost),
            DETAIL = 'An attached table, or the type of its key, is in it.',
            HINT = format('GRANT USAGE ON SCHEMA %I TO churn_owner first.', lost);
    END IF;

    -- On the way to another type the two columns differ for a while. A cast that must be
    -- asked for may fail, so this is not how they should be left.
    SELECT k.* INTO keys
    FROM churn_internal.key_comparison(
        attachment.profile, attachment.profile_key, attachment.complaints,
        attachment.complaint_key
    ) k;
    IF keys.equals_key IS NULL OR NOT keys.castable THEN
        RAISE datatype_mismatch USING
            MESSAGE = keys.mismatch, DETAIL = keys.reason,
            HINT = format('Call churn.detach(%L) before, and churn.attach after.',
                          churn_internal.table_name(attachment.profile));
    ELSIF keys.castable THEN
        PERFORM churn_internal.warn(
            keys.mismatch, keys.reason,
            'Give both columns one type: a complaint that cannot be cast fails.'
        );
    END IF;

    PERFORM churn_internal.check_code_of_others(
        attachment.profile, attachment.profile_key, attachment.complaints,
        attachment.complaint_key
    );

    former_tables := attachment.complaint_tables;
    UPDATE churn.attachments a
    SET guarded = EXISTS (SELECT FROM churn_trust.objects_of_others(attachment.profile)),
        complaint_tables = ARRAY(
            SELECT t.relation::regclass
            FROM churn_trust.tables_of(attachment.complaints) t (relation) ORDER BY 1
        )
    WHERE a.attachment_id = attachment.attachment_id;
    attachment := churn_internal.fit_layout(attachment.attachment_id);
    PERFORM churn_trust.create_profile_writer(
        attachment.attachment_id, attachment.profile, attachment.write_search_path
    );
    PERFORM churn_internal.create_attachment_functions(attachment);
    IF attachment.outcome_label IS NOT NULL AND NOT churn_internal.has_label(attachment) THEN
        PERFORM churn_internal.warn(
            format('labels of %s are not recorded any more', attachment.profile),
            format('Column %I is gone, or of a type that is no label.', attachment.outcome_label),
            'Call churn.set_outcome with another column, or with null.'
        );
    END IF;
    PERFORM churn_internal.fit_profile_triggers(attachment);
    -- Partitions take complaints with them, and bring some.
    IF former_tables <> '{}' AND EXISTS (
        SELECT FROM unnest(former_tables) t (relation)
        WHERE t.relation <> ALL (attachment.complaint_tables)
        UNION ALL
        SELECT FROM unnest(attachment.complaint_tables) t (relation)
        WHERE t.relation <> ALL (former_tables) AND pg_relation_size(t.relation) > 0
    ) THEN
        PERFORM churn_internal.recount_profiles(attachment);
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.refresh_attachment IS
    'Fits an attachment''s functions to its tables after they were altered, and to the '
    'versions that there are.';
