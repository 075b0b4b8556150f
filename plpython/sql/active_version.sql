CREATE OR REPLACE FUNCTION churn_internal.active_version(attachment_id integer) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN (
        SELECT d.version
        FROM churn.active_deployments d
        WHERE d.attachment_id = active_version.attachment_id
    );
END $body$;
COMMENT ON FUNCTION churn_internal.active_version IS
    'The version that scores an attachment; null while there is none.';
GRANT EXECUTE ON FUNCTION churn_internal.active_version TO churn_scorer, churn_loader;
