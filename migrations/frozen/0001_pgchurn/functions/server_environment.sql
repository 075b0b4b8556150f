CREATE OR REPLACE FUNCTION churn.server_environment()
RETURNS jsonb
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $python$
try:
    session = GD["pgchurn runtime 9535555f4396363a"]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    session = GD["pgchurn runtime 9535555f4396363a"]
return session.environment()
$python$;
COMMENT ON FUNCTION churn.server_environment IS
    'Interpreter, package versions and memory of a session that scores.';
ALTER FUNCTION churn.server_environment OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.server_environment FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.server_environment TO churn_scorer, churn_loader;
