CREATE OR REPLACE FUNCTION churn.predict(version bigint, features jsonb)
RETURNS double precision
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $python$
try:
    session = GD["pgchurn runtime 9535555f4396363a"]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    session = GD["pgchurn runtime 9535555f4396363a"]
return session.predict(version, features)
$python$;
COMMENT ON FUNCTION churn.predict IS
    'Probability of churn, 0 to 1, under any version, of any feature values by name.';
ALTER FUNCTION churn.predict OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.predict FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.predict TO churn_scorer, churn_loader;
