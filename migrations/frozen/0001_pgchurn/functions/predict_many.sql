CREATE OR REPLACE FUNCTION churn_internal.predict_many(
    version bigint, numbers bytea, texts text[], rows_before bigint, on_error text
) RETURNS churn_internal.probabilities LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].queries.predict_many
return call(version, numbers, texts, rows_before, on_error)
$python$;
COMMENT ON FUNCTION churn_internal.predict_many IS
    'Probabilities of a batch of rows, as churn_internal.query_statement has them read; one '
    'that cannot be scored is an error that names it, or null.';
GRANT EXECUTE ON FUNCTION churn_internal.predict_many TO churn_scorer, churn_loader;
