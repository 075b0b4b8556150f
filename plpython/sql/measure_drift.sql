-- FETCH is refused to functions that are not volatile.
CREATE OR REPLACE FUNCTION churn_internal.measure_drift(opened refcursor, is_logged boolean)
RETURNS TABLE (
    version bigint, metric text, feature text, value double precision,
    lower double precision, upper double precision, "limit" double precision, n bigint,
    verdict churn_internal.required_text, detail text
)
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].monitoring.measure_drift(opened, is_logged)
$python$;
COMMENT ON FUNCTION churn_internal.measure_drift IS
    'What churn.monitor finds in the rows of a cursor, those of a window, by version: whether '
    'inputs and scores are distributed as in the version''s reference, and whether their '
    'values are sound.';
