CREATE OR REPLACE FUNCTION churn_internal.active_deployment(
    attachment_id integer, OUT version bigint, OUT artifact_sha256 bytea,
    OUT challenger bigint, OUT challenger_sha256 bytea, OUT salt bigint, OUT share integer
) RETURNS SETOF record LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT d.version, d.artifact_sha256, d.challenger, d.challenger_sha256, d.salt, d.share
    FROM churn.deployments d
    WHERE d.attachment_id = active_deployment.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
END;
COMMENT ON FUNCTION churn_internal.active_deployment IS
    'The version that scores an attachment and its digest, and while a release is under way '
    'the one that scores a share of the customers; no row while there is none.';
