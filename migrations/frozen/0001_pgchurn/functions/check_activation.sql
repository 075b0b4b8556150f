CREATE OR REPLACE FUNCTION churn_internal.check_activation(
    attestation text, active_attestation text, allow_older boolean, allow_expired boolean
)
RETURNS void
LANGUAGE plpython3u STABLE PARALLEL UNSAFE
AS $python$
try:
    session = GD["pgchurn runtime 9535555f4396363a"]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    session = GD["pgchurn runtime 9535555f4396363a"]
session.check_activation(attestation, active_attestation, allow_older, allow_expired)
$python$;
COMMENT ON FUNCTION churn_internal.check_activation IS
    'An error when what was signed about a version has expired, or is older than the '
    'active version.';
ALTER FUNCTION churn_internal.check_activation OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.check_activation FROM PUBLIC;
