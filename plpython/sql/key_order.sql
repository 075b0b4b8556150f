CREATE OR REPLACE FUNCTION churn_internal.key_order(attachment churn.attachments) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT churn_internal.type_name(k.key_type, k.key_collation)
    FROM churn_internal.key_comparison(
        attachment.profile, attachment.profile_key, NULL, NULL
    ) k;
END;
COMMENT ON FUNCTION churn_internal.key_order IS
    'Type and collation of a profile''s key, which say in what order keys are.';
