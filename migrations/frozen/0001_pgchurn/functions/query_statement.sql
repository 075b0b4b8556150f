CREATE OR REPLACE FUNCTION churn_internal.query_statement(
    version bigint, query text, names text[], types oid[], pass_features boolean,
    OUT statement text, OUT batch_size integer
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $python$
try:
    session = GD["pgchurn runtime 9535555f4396363a"]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    session = GD["pgchurn runtime 9535555f4396363a"]
return session.query_statement(version, query, names, types, pass_features)
$python$;
COMMENT ON FUNCTION churn_internal.query_statement IS
    'SQL that reads a query''s rows as a model takes them, and how many are a batch.';
ALTER FUNCTION churn_internal.query_statement OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.query_statement FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn_internal.query_statement TO churn_scorer, churn_loader;
