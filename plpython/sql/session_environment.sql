CREATE OR REPLACE FUNCTION churn_internal.session_environment()
RETURNS churn_internal.required_jsonb LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].diagnostics.environment()
$python$;
COMMENT ON FUNCTION churn_internal.session_environment IS
    'Interpreter, package versions and memory, for churn.server_environment.';
GRANT EXECUTE ON FUNCTION churn_internal.session_environment TO churn_scorer, churn_loader;
