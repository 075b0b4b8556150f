CREATE OR REPLACE FUNCTION churn_internal.score_features_many(
    attachment_id integer, layout text, numbers bytea, texts text[], keys text[]
) RETURNS churn_internal.probabilities LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.score_features_many
return call(attachment_id, layout, numbers, texts, keys)
$python$;
COMMENT ON FUNCTION churn_internal.score_features_many IS
    'Probabilities of churn of many rows given as arrays, under the active model; '
    'while a release is under way, under those that score these keys.';
GRANT EXECUTE ON FUNCTION churn_internal.score_features_many TO churn_scorer, churn_loader;
