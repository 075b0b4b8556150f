CREATE OR REPLACE FUNCTION churn_internal.score_features(
    attachment_id integer, layout text, numbers double precision[], texts text[],
    statement double precision, snapshot text
) RETURNS churn_internal.probability LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.score_features
return call(attachment_id, layout, numbers, texts, statement, snapshot)
$python$;
COMMENT ON FUNCTION churn_internal.score_features IS
    'Probability of churn, 0 to 1, of one row given as arrays, under the active model, which is '
    'looked up; with when the client''s statement began, for which trusted keys are looked up '
    'once. Where a snapshot is given, the model is remembered for churn_internal.score_remembered.';
GRANT EXECUTE ON FUNCTION churn_internal.score_features TO churn_scorer, churn_loader;
