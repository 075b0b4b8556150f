CREATE OR REPLACE FUNCTION churn_internal.active_attestation(attachment_id integer) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT m.attestation
    FROM churn_internal.active_deployment(active_attestation.attachment_id) d
    JOIN churn.models m ON m.version = d.version;
END;
COMMENT ON FUNCTION churn_internal.active_attestation IS
    'What was signed about the version that scores an attachment, or null.';
