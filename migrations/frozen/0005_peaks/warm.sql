CREATE OR REPLACE FUNCTION churn.warm()
RETURNS integer
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $python$
try:
    session = GD["pgchurn runtime 740f9107a67d4e59"]
except KeyError:
    plpy.execute("SELECT churn.load_runtime()")
    session = GD["pgchurn runtime 740f9107a67d4e59"]
return session.warm()
$python$;
COMMENT ON FUNCTION churn.warm IS
    'Loads the packages and active models into this session; returns how many models.';
ALTER FUNCTION churn.warm OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.warm FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.warm TO churn_scorer, churn_loader, churn_application;
