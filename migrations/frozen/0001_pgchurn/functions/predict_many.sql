CREATE OR REPLACE FUNCTION churn_internal.predict_many(
    version bigint, numbers bytea, texts text[], rows_before bigint, on_error text
)
RETURNS double precision[]
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $python$
try:
    session = GD["pgchurn runtime 9535555f4396363a"]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    session = GD["pgchurn runtime 9535555f4396363a"]
return session.predict_many(version, numbers, texts, rows_before, on_error)
$python$;
COMMENT ON FUNCTION churn_internal.predict_many IS
    'Probabilities of a batch of rows, as churn_internal.query_statement has them read; one that '
    'cannot be scored is an error that names it, or null.';
ALTER FUNCTION churn_internal.predict_many OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.predict_many FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn_internal.predict_many TO churn_scorer, churn_loader;
