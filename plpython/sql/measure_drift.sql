CREATE OR REPLACE FUNCTION churn_internal.measure_drift(
    attachment_id integer, statement text, from_log boolean,
    since timestamptz, until timestamptz
) RETURNS TABLE (
    version bigint, metric text, feature text, value double precision,
    lower double precision, upper double precision, "limit" double precision, n bigint,
    verdict churn_internal.required_text, detail text
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].monitoring.measure_drift(
    attachment_id, statement, from_log, since, until
)
$python$;
COMMENT ON FUNCTION churn_internal.measure_drift IS
    'What churn.monitor finds in the rows of a window, by version: whether inputs and scores '
    'are distributed as in the version''s reference, and whether their values are sound.';
