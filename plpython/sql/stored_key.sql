CREATE OR REPLACE FUNCTION churn_internal.stored_key(attachment churn.attachments, key text)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF key IS NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'key is null',
            HINT = 'Pass the key of the profile row, as text.';
    END IF;
    -- The type as churn_internal.key_comparison finds it, for files of many keys: that and
    -- the functions of a type's name are planned with every call.
    RETURN (
        SELECT (churn_internal.key_spellings(CASE
            WHEN t.typtype = 'd' THEN churn_internal.type_name(churn_internal.base_type(t.oid))
            ELSE format('%I.%I', n.nspname, t.typname)
        END, key))[2]
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE a.attrelid = attachment.profile AND a.attname = attachment.profile_key
          AND NOT a.attisdropped
    );
END $body$;
COMMENT ON FUNCTION churn_internal.stored_key IS
    'The text that a key which a caller has spelled is stored as.';
