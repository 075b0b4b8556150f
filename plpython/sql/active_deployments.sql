CREATE OR REPLACE VIEW churn.active_deployments (
    attachment_id, profile, version, artifact_sha256, deployment_id, deployed_by,
    deployed_at
) AS
SELECT DISTINCT ON (d.attachment_id)
    d.attachment_id, a.profile, d.version, d.artifact_sha256, d.deployment_id,
    d.deployed_by, d.deployed_at
FROM churn.deployments d
JOIN churn.attachments a ON a.attachment_id = d.attachment_id
WHERE a.detached_at IS NULL
ORDER BY d.attachment_id, d.deployment_id DESC;
COMMENT ON VIEW churn.active_deployments IS 'The version in force for each attachment.';
GRANT SELECT ON churn.active_deployments TO churn_loader, churn_scorer;
