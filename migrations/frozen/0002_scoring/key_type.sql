CREATE OR REPLACE FUNCTION churn.key_type(attachment churn.attachments)
RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format_type(a.atttypid, -1)
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = attachment.profile AND a.attname = attachment.profile_key;
END;
COMMENT ON FUNCTION churn.key_type IS
    'Type of a profile''s key, as SQL spells it.';
ALTER FUNCTION churn.key_type OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.key_type FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.key_type TO churn_loader;
