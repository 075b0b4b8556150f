CREATE OR REPLACE FUNCTION churn.check_activation(
    statement text, active_statement text, allow_older boolean, allow_expired boolean
)
RETURNS void
LANGUAGE plpython3u STABLE PARALLEL UNSAFE
AS $python$
try:
    session = GD["pgchurn runtime 740f9107a67d4e59"]
except KeyError:
    plpy.execute("SELECT churn.load_runtime()")
    session = GD["pgchurn runtime 740f9107a67d4e59"]
session.check_activation(statement, active_statement, allow_older, allow_expired)
$python$;
COMMENT ON FUNCTION churn.check_activation IS
    'An error when what was signed about a version has expired, or is older than the '
    'active version.';
ALTER FUNCTION churn.check_activation OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.check_activation FROM PUBLIC;
