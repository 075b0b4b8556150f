CREATE OR REPLACE FUNCTION churn_internal.score_by_key(
    attachment_id integer, layout text, numbers double precision[], texts text[], key text
) RETURNS churn_internal.probability LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.score_by_key
return call(attachment_id, layout, numbers, texts, key)
$python$;
COMMENT ON FUNCTION churn_internal.score_by_key IS
    'Probability of churn, 0 to 1, of a row under the version that scores its key, while a '
    'release is under way.';
GRANT EXECUTE ON FUNCTION churn_internal.score_by_key TO churn_scorer, churn_loader;
