CREATE OR REPLACE FUNCTION churn_internal.active_deployment(
    attachment_id integer, OUT version bigint, OUT artifact_sha256 bytea
) RETURNS SETOF record LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT d.version, d.artifact_sha256
    FROM churn.deployments d
    WHERE d.attachment_id = active_deployment.attachment_id
    ORDER BY d.deployment_id DESC
    LIMIT 1;
END;
COMMENT ON FUNCTION churn_internal.active_deployment IS
    'The version that scores an attachment and its digest; no row while there is none.';
