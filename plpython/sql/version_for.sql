CREATE OR REPLACE FUNCTION churn_internal.version_for(attachment_id integer, key text)
RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN (SELECT d.version FROM churn_internal.deployment_for(attachment_id, key) d);
END $body$;
COMMENT ON FUNCTION churn_internal.version_for IS
    'The version that scores the customer with this key; null while there is none.';
GRANT EXECUTE ON FUNCTION churn_internal.version_for TO churn_scorer, churn_loader;
