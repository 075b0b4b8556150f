CREATE OR REPLACE FUNCTION churn.warm()
RETURNS integer
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $python$
try:
    session = GD["pgchurn runtime 9535555f4396363a"]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    session = GD["pgchurn runtime 9535555f4396363a"]
return session.warm()
$python$;
COMMENT ON FUNCTION churn.warm IS
    'Loads the packages and active models into this session; returns how many models.';
ALTER FUNCTION churn.warm OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.warm FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.warm TO churn_scorer, churn_loader, churn_application;
