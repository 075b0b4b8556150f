CREATE OR REPLACE FUNCTION churn_internal.explain_values(
    version bigint, features json, score double precision,
    typical_values jsonb, top_k integer
) RETURNS TABLE (
    feature text, value text, contribution double precision, points double precision,
    typical text, reason churn_internal.required_text
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].explaining.explain_values
return call(version, features, score, typical_values, top_k)
$python$;
COMMENT ON FUNCTION churn_internal.explain_values IS
    'What each feature contributes to a score that a version has given for these values, for '
    'churn.explain_prediction.';
GRANT EXECUTE ON FUNCTION churn_internal.explain_values TO churn_scorer, churn_loader;
