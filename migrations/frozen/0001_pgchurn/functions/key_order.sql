CREATE OR REPLACE FUNCTION churn_internal.key_order(attachment churn.attachments) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT concat_ws(
        ' COLLATE ', churn_internal.key_type(attachment), nullif(a.attcollation, 0)::regcollation
    )
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = attachment.profile AND a.attname = attachment.profile_key;
END;
COMMENT ON FUNCTION churn_internal.key_order IS
    'Type and collation of a profile''s key, which say in what order keys are.';
