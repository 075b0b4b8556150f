CREATE OR REPLACE FUNCTION churn_internal.warm_session() RETURNS churn_internal.required_integer
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].diagnostics.warm()
$python$;
COMMENT ON FUNCTION churn_internal.warm_session IS
    'Loads packages and models into this session, for churn.warm.';
GRANT EXECUTE ON FUNCTION churn_internal.warm_session TO churn_scorer, churn_loader, churn_application;
