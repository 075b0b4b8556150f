CREATE OR REPLACE FUNCTION churn_internal.check_activation(
    attestation text, active_attestation text, allow_older boolean, allow_expired boolean
) RETURNS churn_internal.required_boolean LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].admission.check_activation(attestation, active_attestation, allow_older, allow_expired)
$python$;
COMMENT ON FUNCTION churn_internal.check_activation IS
    'An error when the attestation of a version has expired, or is older than that of '
    'the active version.';
