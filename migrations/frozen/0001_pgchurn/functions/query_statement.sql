CREATE OR REPLACE FUNCTION churn_internal.query_statement(
    version bigint, query text, names text[], types oid[], pass_features boolean,
    OUT statement text, OUT batch_size churn_internal.required_integer
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].queries.query_statement
return call(version, query, names, types, pass_features)
$python$;
COMMENT ON FUNCTION churn_internal.query_statement IS
    'SQL that reads a query''s rows as a model takes them, and how many are a batch.';
GRANT EXECUTE ON FUNCTION churn_internal.query_statement TO churn_scorer, churn_loader;
