CREATE OR REPLACE FUNCTION churn_internal.check_model(version bigint)
RETURNS void
LANGUAGE plpython3u STABLE PARALLEL UNSAFE
AS $python$
try:
    session = GD["pgchurn runtime 9535555f4396363a"]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    session = GD["pgchurn runtime 9535555f4396363a"]
session.check_model(version)
$python$;
COMMENT ON FUNCTION churn_internal.check_model IS
    'An error unless a version loads here and its profile has the features it needs.';
ALTER FUNCTION churn_internal.check_model OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.check_model FROM PUBLIC;
