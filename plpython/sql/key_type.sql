CREATE OR REPLACE FUNCTION churn_internal.key_type(attachment churn.attachments) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format('%I.%I', n.nspname, t.typname)
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE a.attrelid = attachment.profile AND a.attname = attachment.profile_key;
END;
COMMENT ON FUNCTION churn_internal.key_type IS
    'Schema-qualified and quoted type of a profile''s key.';
GRANT EXECUTE ON FUNCTION churn_internal.key_type TO churn_loader;
