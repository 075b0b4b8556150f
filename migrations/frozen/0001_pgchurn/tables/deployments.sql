CREATE TABLE churn.deployments (
    deployment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    version bigint NOT NULL REFERENCES churn.models,
    artifact_sha256 bytea NOT NULL,
    action text NOT NULL CHECK (action IN ('activate', 'rollback')),
    previous_deployment_id bigint REFERENCES churn.deployments,
    deployed_by name NOT NULL DEFAULT session_user,
    deployed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX deployments_attachment_idx ON churn.deployments (attachment_id, deployment_id);
COMMENT ON TABLE churn.deployments IS
    'Which version scores an attachment: the latest row is in force. Append-only.';
COMMENT ON COLUMN churn.deployments.deployment_id IS 'Ascends in the order of commits.';
COMMENT ON COLUMN churn.deployments.attachment_id IS 'The attachment that is scored.';
COMMENT ON COLUMN churn.deployments.version IS 'The version that scores it.';
COMMENT ON COLUMN churn.deployments.artifact_sha256 IS
    'Digest of that version''s artifact: what was loaded must be what was activated.';
COMMENT ON COLUMN churn.deployments.action IS 'Whether this was an activation or a rollback.';
COMMENT ON COLUMN churn.deployments.previous_deployment_id IS
    'What a rollback from here puts in force again; null: nothing.';
COMMENT ON COLUMN churn.deployments.deployed_by IS 'Who said so.';
COMMENT ON COLUMN churn.deployments.deployed_at IS 'Since when.';
ALTER TABLE churn.deployments OWNER TO churn_owner;
GRANT SELECT ON churn.deployments TO churn_loader, churn_scorer;
