CREATE OR REPLACE FUNCTION churn_internal.is_released(attachment_id integer) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN EXISTS (
        SELECT FROM churn_internal.active_deployment(is_released.attachment_id) d
        WHERE d.share IS NOT NULL
    );
END $body$;
COMMENT ON FUNCTION churn_internal.is_released IS
    'Whether a release has two versions score the customers of an attachment.';
GRANT EXECUTE ON FUNCTION churn_internal.is_released TO churn_scorer, churn_loader;
