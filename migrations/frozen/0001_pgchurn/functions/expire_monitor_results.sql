CREATE OR REPLACE FUNCTION churn.expire_monitor_results(older_than interval) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $body$
DECLARE
    expired bigint;
BEGIN
    PERFORM churn_internal.check_older_than(older_than);
    -- The last window of each profile is where its next one begins.
    DELETE FROM churn.monitor_results r
    WHERE r.until < now() - older_than AND r.until < (
        SELECT max(l.until) FROM churn.monitor_results l
        WHERE l.attachment_id = r.attachment_id
    );
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END $body$;
COMMENT ON FUNCTION churn.expire_monitor_results IS
    'Removes results of windows that ended before, but for the last one of each profile; '
    'returns how many.';
GRANT EXECUTE ON FUNCTION churn.expire_monitor_results TO churn_loader;
