CREATE OR REPLACE FUNCTION churn_internal.failures_of(attachment_id integer)
RETURNS TABLE (
    version bigint, sqlstate text, reason text, customers bigint, waiting bigint,
    failures numeric, first_failed_at timestamptz, last_failed_at timestamptz
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT (f.failed).version, (f.failed).sqlstate, (f.failed).reason, count(*),
                count(*) FILTER (WHERE f.waiting), sum((f.failed).failures),
                min((f.failed).first_failed_at), max((f.failed).last_failed_at)
         FROM churn_internal.failed_profiles_%s() f
         WHERE (f.failed).failures > 0 GROUP BY 1, 2, 3', attachment_id
    );
END $body$;
COMMENT ON FUNCTION churn_internal.failures_of IS
    'What failed to be scored in an attachment, by version and reason.';
GRANT EXECUTE ON FUNCTION churn_internal.failures_of TO churn_loader, churn_scorer;
