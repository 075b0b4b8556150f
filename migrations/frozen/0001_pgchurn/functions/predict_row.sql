CREATE OR REPLACE FUNCTION churn_internal.predict_row(version bigint, features jsonb)
RETURNS churn_internal.probability LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].queries.predict
return call(version, features)
$python$;
COMMENT ON FUNCTION churn_internal.predict_row IS
    'Probability of churn under any version, for churn.predict.';
GRANT EXECUTE ON FUNCTION churn_internal.predict_row TO churn_scorer, churn_loader;
