-- Two columns and no more: each takes a single INSERT a hundredth of its time, also where
-- nobody reads it.
CREATE OR REPLACE FUNCTION churn_internal.sole_deployment(
    attachment_id integer, OUT version bigint, OUT artifact_sha256 bytea
) RETURNS SETOF record LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE WHEN d.share IS NULL THEN d.version END, d.artifact_sha256
    FROM churn.deployments d
    WHERE d.attachment_id = sole_deployment.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
END;
COMMENT ON FUNCTION churn_internal.sole_deployment IS
    'The version that scores all customers of an attachment and its digest. Without the '
    'version while a release has two score them: then churn_internal.deployment_for has to be '
    'asked. No row while there is none.';
