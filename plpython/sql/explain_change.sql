CREATE OR REPLACE FUNCTION churn_internal.explain_change(
    version bigint, former json, current json,
    former_score double precision, current_score double precision
) RETURNS TABLE (
    feature churn_internal.required_text, points double precision
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].explaining.explain_change
return call(version, former, current, former_score, current_score)
$python$;
COMMENT ON FUNCTION churn_internal.explain_change IS
    'What each feature that differs contributes to the difference of two scores, for '
    'churn.why_changed.';
GRANT EXECUTE ON FUNCTION churn_internal.explain_change TO churn_scorer, churn_loader;
