CREATE OR REPLACE FUNCTION churn_internal.measure_performance(
    attachment_id integer, since timestamptz, until timestamptz
) RETURNS TABLE (
    since timestamptz, until timestamptz, version bigint, metric text, feature text,
    value double precision, lower double precision, upper double precision,
    "limit" double precision, n bigint, verdict churn_internal.required_text, detail text
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].performance.measure(attachment_id, since, until)
$python$;
COMMENT ON FUNCTION churn_internal.measure_performance IS
    'How well a profile is scored, for churn.monitor: estimated of a window, and realised '
    'of those before whose horizon has passed at its end.';
