CREATE OR REPLACE FUNCTION churn_internal.record_performance(
    attachment churn.attachments, since timestamptz, until timestamptz
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
BEGIN
    WITH measured AS MATERIALIZED (
        SELECT p.*, p.metric = 'recalibration' OR starts_with(p.metric, 'estimated_')
                   AS is_estimate
        FROM churn_internal.measure_performance(
            attachment.attachment_id, record_performance.since, record_performance.until
        ) p
    ),
    anew (since, until, is_estimate) AS (
        SELECT record_performance.since, record_performance.until, true
        UNION
        SELECT m.since, m.until, m.is_estimate FROM measured m
    ),
    removed AS (
        DELETE FROM churn.monitor_results r USING anew a
        WHERE r.attachment_id = attachment.attachment_id
          AND r.since = a.since AND r.until = a.until AND CASE
            WHEN a.is_estimate
                THEN r.metric = 'recalibration' OR starts_with(r.metric, 'estimated_')
            ELSE starts_with(r.metric, 'calibration') OR starts_with(r.metric, 'realised_')
        END
    )
    INSERT INTO churn.monitor_results (
        attachment_id, version, since, until, metric, feature, value, lower, upper, "limit",
        n, verdict, detail
    )
    SELECT attachment.attachment_id, m.version, m.since, m.until, m.metric, m.feature,
           m.value, m.lower, m.upper, m."limit", m.n, m.verdict, m.detail
    FROM measured m;
END $body$;
COMMENT ON FUNCTION churn_internal.record_performance IS
    'Writes what churn_internal.measure_performance finds, in place of what was found of the '
    'same windows before.';
