CREATE OR REPLACE FUNCTION churn.check_model(version bigint)
RETURNS void
LANGUAGE plpython3u STABLE PARALLEL UNSAFE
AS $python$
try:
    session = GD["pgchurn runtime 740f9107a67d4e59"]
except KeyError:
    plpy.execute("SELECT churn.load_runtime()")
    session = GD["pgchurn runtime 740f9107a67d4e59"]
session.check_model(version)
$python$;
COMMENT ON FUNCTION churn.check_model IS
    'An error unless a version loads here and its profile has the features it needs.';
ALTER FUNCTION churn.check_model OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.check_model FROM PUBLIC;
