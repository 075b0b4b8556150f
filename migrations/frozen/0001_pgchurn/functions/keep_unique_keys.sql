CREATE OR REPLACE FUNCTION churn_internal.keep_unique_keys() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments;
BEGIN
    -- Nothing says any more whose an index was, but that it was in the schema of its table.
    SELECT a.* INTO attachment
    FROM churn.attachments a
    JOIN pg_catalog.pg_class c ON c.oid = a.profile
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE a.detached_at IS NULL AND EXISTS (
        SELECT FROM pg_event_trigger_dropped_objects() d
        WHERE d.object_type = 'index' AND d.schema_name = n.nspname
    )
    -- Where the column itself went, that is refused in other words.
    AND EXISTS (
        SELECT FROM pg_catalog.pg_attribute k
        WHERE k.attrelid = a.profile AND k.attname = a.profile_key AND NOT k.attisdropped
    )
    AND NOT churn_internal.has_unique_key(a.profile, a.profile_key)
    LIMIT 1;
    IF FOUND THEN
        RAISE dependent_objects_still_exist USING
            MESSAGE = format('column %I of %s must stay unique', attachment.profile_key,
                             attachment.profile),
            DETAIL = 'Its table is attached, and two profiles with one key would both be '
                     'counted and scored for it.',
            HINT = format('Create another unique index before, or call churn.detach(%L).',
                          churn_internal.table_name(attachment.profile));
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.keep_unique_keys() IS
    'Event trigger: refuses to drop the last index that keeps the keys of a profile unique.';
