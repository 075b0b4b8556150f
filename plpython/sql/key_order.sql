CREATE OR REPLACE FUNCTION churn_internal.key_order(attachment churn.attachments) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT churn_internal.type_name(
        churn_internal.base_type(c.atttypid), nullif(c.attcollation, 0)
    )
    FROM pg_catalog.pg_attribute c
    WHERE c.attrelid = attachment.profile AND c.attname = attachment.profile_key
      AND NOT c.attisdropped;
END;
COMMENT ON FUNCTION churn_internal.key_order IS
    'Type and collation of a profile''s key, which say in what order keys are.';
