CREATE OR REPLACE FUNCTION churn_internal.check_attestation(
    artifact_sha256 bytea, signature jsonb, environment jsonb,
    attestation text, attestation_signature bytea, attestation_key text,
    active_attestation text, allow_older boolean
) RETURNS churn_internal.required_text LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].admission.check_attestation(
    artifact_sha256, signature, environment,
    (attestation, attestation_signature, attestation_key), active_attestation, allow_older,
)
$python$;
COMMENT ON FUNCTION churn_internal.check_attestation IS
    'An error unless a candidate is signed as it must be; the digest of the compiled form '
    'that is signed with it, empty where there is none.';
