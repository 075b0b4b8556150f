CREATE TABLE churn.deployments (
    deployment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    version bigint NOT NULL REFERENCES churn.models,
    artifact_sha256 bytea NOT NULL,
    -- What a single INSERT reads, which takes least where it is stored as it is read, and
    -- where few columns are before it: see churn_internal.version_of_arm.
    sole_version bigint GENERATED ALWAYS AS (
        CASE WHEN share IS NULL THEN version END
    ) STORED,
    arms bytea NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN share IS NULL THEN artifact_sha256
            ELSE artifact_sha256 || challenger_sha256 || int8send(version)
                || int8send(challenger) || int8send(salt) || int4send(share)
                || coalesce(int8send(experiment_id), ''::bytea)
        END
    ) STORED,
    action text NOT NULL CHECK (
        action IN (
            'activate', 'rollback', 'release', 'experiment', 'cancel', 'withdraw'
        )
    ),
    previous_deployment_id bigint REFERENCES churn.deployments,
    deployed_by name NOT NULL DEFAULT session_user,
    deployed_at timestamptz NOT NULL DEFAULT now(),
    release_id bigint,
    challenger bigint REFERENCES churn.models,
    challenger_sha256 bytea,
    salt bigint,
    -- In 65,536ths. None for a shadow, so that whoever scores asks no more of it.
    share integer CHECK (share BETWEEN 1 AND 65535),
    reason text,
    experiment_id bigint,
    CONSTRAINT deployments_challenger_check CHECK (
        num_nulls(challenger, challenger_sha256, salt) IN (0, 3)
        AND (challenger IS NOT NULL) = (action IN ('release', 'experiment'))
        AND (challenger IS NOT NULL OR share IS NULL)
        AND (action <> 'experiment' OR (experiment_id, share) IS NOT NULL)
        AND (
            num_nonnulls(release_id, experiment_id) = 1
            OR action IN ('activate', 'rollback')
        )
    )
);
CREATE INDEX deployments_attachment_idx ON churn.deployments (attachment_id, deployment_id);
COMMENT ON TABLE churn.deployments IS
    'Which version scores an attachment: the latest row is in force. Append-only.';
COMMENT ON COLUMN churn.deployments.deployment_id IS 'Ascends in the order of commits.';
COMMENT ON COLUMN churn.deployments.attachment_id IS 'The attachment that is scored.';
COMMENT ON COLUMN churn.deployments.version IS 'The version that scores it.';
COMMENT ON COLUMN churn.deployments.artifact_sha256 IS
    'Digest of that version''s artifact: what was loaded must be what was activated.';
COMMENT ON COLUMN churn.deployments.sole_version IS
    'The version, where it scores all customers; null: a share of them is another''s.';
COMMENT ON COLUMN churn.deployments.arms IS
    'Its digest; where a share is another''s, both digests, both versions, salt and share: 92 '
    'bytes; and in an experiment its number.';
COMMENT ON COLUMN churn.deployments.action IS
    'activate, rollback, release (a step of one), experiment, or what ends one so that the '
    'version scores alone again: cancel, or withdraw, where a guardrail failed.';
COMMENT ON COLUMN churn.deployments.previous_deployment_id IS
    'What a rollback from here puts in force again; null: nothing.';
COMMENT ON COLUMN churn.deployments.deployed_by IS 'Who said so.';
COMMENT ON COLUMN churn.deployments.deployed_at IS 'Since when.';
COMMENT ON COLUMN churn.deployments.release_id IS
    'The release that this is a step or the end of; null: of none.';
COMMENT ON COLUMN churn.deployments.challenger IS
    'The version that scores a share of the customers beside the other; null: there is none.';
COMMENT ON COLUMN churn.deployments.challenger_sha256 IS 'Digest of its artifact.';
COMMENT ON COLUMN churn.deployments.salt IS
    'What is hashed with the key to tell which customers it scores: see churn_internal.in_arm.';
COMMENT ON COLUMN churn.deployments.share IS
    'The share of the customers that it scores, in 65,536ths; null: it scores none.';
COMMENT ON COLUMN churn.deployments.reason IS
    'Why a release or an experiment ended; null: nobody said so.';
COMMENT ON COLUMN churn.deployments.experiment_id IS
    'The experiment that this is the beginning or the end of; null: of none.';
ALTER TABLE churn.deployments OWNER TO churn_owner;
GRANT SELECT ON churn.deployments TO churn_loader, churn_scorer;
