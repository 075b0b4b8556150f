-- The parameters have no names: to make variables of them took PL/Python a tenth of the call.
CREATE OR REPLACE FUNCTION churn_internal.score_features(
    integer, text, double precision[], text[], double precision
) RETURNS churn_internal.probability LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.score_features
return call(*args)
$python$;
COMMENT ON FUNCTION churn_internal.score_features IS
    'Probability of churn, 0 to 1, of a row under the active model of an attachment, which is '
    'looked up, and from the second row of a statement on remembered for '
    'churn_internal.score_remembered: null while a release is under way: then '
    'churn_internal.score_by_key has to be asked. Given the attachment''s number, the layout, the numbers, '
    'the texts, and when the client''s statement began.';
GRANT EXECUTE ON FUNCTION churn_internal.score_features TO churn_scorer, churn_loader;
