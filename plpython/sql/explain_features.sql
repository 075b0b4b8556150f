CREATE OR REPLACE FUNCTION churn_internal.explain_features(
    attachment_id integer, layout text, numbers double precision[], texts text[],
    typical_values jsonb, top_k integer, key text
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
    call = SD[GD["pgchurn"]] = GD["pgchurn"].explaining.explain_features
return call(attachment_id, layout, numbers, texts, typical_values, top_k, key)
$python$;
COMMENT ON FUNCTION churn_internal.explain_features IS
    'What each feature of a profile row contributes to its score under the version that scores '
    'its key, for churn.explain.';
GRANT EXECUTE ON FUNCTION churn_internal.explain_features TO churn_scorer, churn_loader;
