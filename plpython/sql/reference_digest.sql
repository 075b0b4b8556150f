CREATE OR REPLACE FUNCTION churn_internal.reference_digest(reference jsonb) RETURNS bytea
LANGUAGE sql STABLE PARALLEL UNSAFE
-- In UTF-8, so that a dump may be restored into a database of another encoding.
RETURN sha256(convert_to(reference::text, 'UTF8'));
COMMENT ON FUNCTION churn_internal.reference_digest IS
    'SHA-256 of what is typical of a version''s rows, as churn.models.reference_sha256 has it.';
