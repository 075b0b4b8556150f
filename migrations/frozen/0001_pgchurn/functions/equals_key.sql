CREATE OR REPLACE FUNCTION churn_internal.equals_key(attachment churn.attachments) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT churn_internal.operator_name(k.equals_key)
    FROM churn_internal.key_comparison(
        attachment.profile, attachment.profile_key, NULL, NULL
    ) k;
END;
COMMENT ON FUNCTION churn_internal.equals_key IS
    'The operator by which a profile''s keys are equal, as SQL that finds it whatever the '
    'search_path.';
GRANT EXECUTE ON FUNCTION churn_internal.equals_key TO churn_loader;
