CREATE OR REPLACE FUNCTION churn.monitor(
    profile regclass, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL
) RETURNS TABLE (
    "time" timestamptz, version bigint, metric text, feature text, value double precision,
    lower double precision, upper double precision, "limit" double precision, n bigint,
    verdict text, detail text
)
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT w.until, w.version, w.metric, w.feature, w.value, w.lower, w.upper, w."limit", w.n,
           w.verdict, w.detail
    FROM churn_internal.measure_window(profile, since, until) w;
END;
COMMENT ON FUNCTION churn.monitor IS
    'Measures one window of a profile''s scores, from since and before until, against the '
    'reference of each version that gave some: writes churn.monitor_results anew, and '
    'returns what it wrote. Null as until: now; null as since: since the end of the window '
    'before, or a day.';
GRANT EXECUTE ON FUNCTION churn.monitor TO churn_loader;
