CREATE SCHEMA churn AUTHORIZATION churn_owner;
COMMENT ON SCHEMA churn IS 'pgchurn: churn scores that are fresh whenever a complaint commits.';
GRANT USAGE ON SCHEMA churn TO churn_loader, churn_scorer, churn_application;

CREATE TABLE churn.attachments (
    attachment_id integer PRIMARY KEY,
    profile regclass NOT NULL,
    profile_key name NOT NULL,
    complaints regclass NOT NULL,
    complaint_key name NOT NULL,
    complaint_time name,
    on_error text NOT NULL DEFAULT 'keep' CHECK (on_error IN ('keep', 'raise')),
    number_columns name[] NOT NULL DEFAULT '{}',
    text_columns name[] NOT NULL DEFAULT '{}',
    attached_by name NOT NULL DEFAULT session_user,
    attached_at timestamptz NOT NULL DEFAULT now(),
    detached_at timestamptz
);
CREATE UNIQUE INDEX attachments_profile_idx ON churn.attachments (profile)
    WHERE detached_at IS NULL;
COMMENT ON TABLE churn.attachments IS
    'A profile table and its complaints table, wired together by churn.attach.';
COMMENT ON COLUMN churn.attachments.attachment_id IS
    'Ends the names of the functions and triggers that churn.attach created.';
COMMENT ON COLUMN churn.attachments.profile IS 'The table with one row for each customer.';
COMMENT ON COLUMN churn.attachments.profile_key IS 'Its unique key.';
COMMENT ON COLUMN churn.attachments.complaints IS 'The event table.';
COMMENT ON COLUMN churn.attachments.complaint_key IS
    'The column of the event table that holds the profile''s key.';
COMMENT ON COLUMN churn.attachments.complaint_time IS
    'The column of the event table that says when; null: when it was inserted.';
COMMENT ON COLUMN churn.attachments.on_error IS
    'When a model cannot score a complaint: keep the complaint and the old score, or raise.';
COMMENT ON COLUMN churn.attachments.number_columns IS
    'The profile''s numeric and boolean columns, as scoring passes them.';
COMMENT ON COLUMN churn.attachments.text_columns IS
    'The profile''s text columns, as scoring passes them.';
COMMENT ON COLUMN churn.attachments.attached_by IS 'Who attached it.';
COMMENT ON COLUMN churn.attachments.attached_at IS 'When it was attached, last.';
COMMENT ON COLUMN churn.attachments.detached_at IS
    'When it was detached; the row stays, for the history of its models.';

CREATE TABLE churn.models (
    version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    artifact bytea NOT NULL,
    artifact_sha256 bytea NOT NULL CHECK (artifact_sha256 = sha256(artifact)),
    compiled bytea,
    compiled_sha256 bytea,
    parity double precision,
    compilation text NOT NULL,
    signature jsonb NOT NULL,
    metrics jsonb NOT NULL,
    environment jsonb NOT NULL,
    provenance jsonb NOT NULL,
    registered_by name NOT NULL DEFAULT session_user,
    registered_at timestamptz NOT NULL DEFAULT now(),
    CHECK (compiled IS NULL OR compiled_sha256 = sha256(compiled)),
    CHECK (num_nulls(compiled, compiled_sha256, parity) IN (0, 3))
);
-- They hardly compress, and are read whole.
ALTER TABLE churn.models ALTER COLUMN artifact SET STORAGE EXTERNAL;
ALTER TABLE churn.models ALTER COLUMN compiled SET STORAGE EXTERNAL;
CREATE INDEX models_attachment_idx ON churn.models (attachment_id);
COMMENT ON TABLE churn.models IS
    'The registry: one immutable row for each version, written by churn.register_model.';
COMMENT ON COLUMN churn.models.version IS 'The version''s number, never used twice.';
COMMENT ON COLUMN churn.models.attachment_id IS 'The attachment whose profile it scores.';
COMMENT ON COLUMN churn.models.artifact IS 'The pickled scikit-learn classifier.';
COMMENT ON COLUMN churn.models.artifact_sha256 IS 'Digest of the artifact.';
COMMENT ON COLUMN churn.models.compiled IS
    'Its ONNX form, which is what scores; null: the pickle scores.';
COMMENT ON COLUMN churn.models.compiled_sha256 IS 'Digest of the compiled form.';
COMMENT ON COLUMN churn.models.parity IS
    'The largest difference of a probability between the two forms that was found.';
COMMENT ON COLUMN churn.models.compilation IS
    'What the compiled form was compared on, or why there is none.';
COMMENT ON COLUMN churn.models.signature IS
    'Features by name, kind and order, which may be null, and the positive class.';
COMMENT ON COLUMN churn.models.metrics IS 'Figures of the held-out test split, or null.';
COMMENT ON COLUMN churn.models.environment IS
    'Python and package versions it was pickled under.';
COMMENT ON COLUMN churn.models.provenance IS 'Where model and training data came from.';
COMMENT ON COLUMN churn.models.registered_by IS 'Who registered it.';
COMMENT ON COLUMN churn.models.registered_at IS 'When it was registered.';

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
CREATE INDEX deployments_attachment_idx
    ON churn.deployments (attachment_id, deployment_id);
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

ALTER TABLE churn.attachments OWNER TO churn_owner;
ALTER TABLE churn.models OWNER TO churn_owner;
ALTER TABLE churn.deployments OWNER TO churn_owner;
GRANT SELECT ON churn.attachments, churn.deployments TO churn_loader, churn_scorer;
GRANT SELECT (
    version, attachment_id, artifact_sha256, compiled_sha256, parity, compilation,
    signature, metrics, environment, provenance, registered_by, registered_at
) ON churn.models TO churn_loader, churn_scorer;
