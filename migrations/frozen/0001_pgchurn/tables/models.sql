CREATE TABLE churn.models (
    version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    artifact bytea,
    artifact_sha256 bytea NOT NULL CHECK (artifact_sha256 = sha256(artifact)),
    compiled bytea,
    compiled_sha256 bytea,
    parity double precision,
    compilation text NOT NULL,
    explanation bytea,
    explanation_sha256 bytea,
    explanation_problem text,
    reference jsonb,
    reference_sha256 bytea,
    signature jsonb NOT NULL,
    metrics jsonb NOT NULL,
    environment jsonb NOT NULL,
    provenance jsonb NOT NULL,
    attestation text,
    attestation_signature bytea,
    attestation_key text,
    registered_by name NOT NULL DEFAULT session_user,
    registered_at timestamptz NOT NULL DEFAULT now(),
    deleted_by name,
    deleted_at timestamptz,
    CHECK (compiled IS NULL OR compiled_sha256 = sha256(compiled)),
    CHECK (num_nulls(compiled_sha256, parity) IN (0, 2)),
    CHECK (explanation IS NULL OR explanation_sha256 = sha256(explanation)),
    CHECK (num_nonnulls(explanation_sha256, explanation_problem) <= 1),
    CHECK (num_nulls(deleted_by, deleted_at) IN (0, 2)),
    -- All forms are there, or all are deleted; their digests stay.
    CHECK (
        CASE
            WHEN deleted_at IS NULL
                THEN artifact IS NOT NULL AND num_nulls(compiled, parity) IN (0, 2)
                    AND num_nulls(explanation, explanation_sha256) IN (0, 2)
                    AND num_nulls(reference, reference_sha256) IN (0, 2)
            ELSE num_nulls(artifact, compiled, explanation, reference) = 4
        END
    ),
    CHECK (num_nulls(attestation, attestation_signature, attestation_key) IN (0, 3)),
    -- A session reads them whole before it can refuse any: LARGEST_PICKLE and MOST_BYTES
    -- of the runtime, and beyond what a table of 1,600 columns needs.
    CONSTRAINT models_artifact_size CHECK (
        octet_length(artifact) <= 268435456 AND octet_length(artifact_sha256) = 32
    ),
    CONSTRAINT models_compiled_size CHECK (
        octet_length(compiled) <= 67108864 AND octet_length(compiled_sha256) = 32
    ),
    CONSTRAINT models_explanation_size CHECK (
        octet_length(explanation) <= 67108864 AND octet_length(explanation_sha256) = 32
    ),
    CONSTRAINT models_reference_size CHECK (
        octet_length(reference::text) <= 67108864 AND octet_length(reference_sha256) = 32
    ),
    CONSTRAINT models_signature_size CHECK (octet_length(signature::text) <= 1048576),
    CONSTRAINT models_environment_size CHECK (octet_length(environment::text) <= 1048576),
    CONSTRAINT models_attestation_size CHECK (
        octet_length(attestation) <= 1048576
        AND octet_length(attestation_signature) = 64
        AND octet_length(attestation_key) = 64
    )
);
-- They hardly compress, and are read whole.
ALTER TABLE churn.models ALTER COLUMN artifact SET STORAGE EXTERNAL;
ALTER TABLE churn.models ALTER COLUMN compiled SET STORAGE EXTERNAL;
ALTER TABLE churn.models ALTER COLUMN explanation SET STORAGE EXTERNAL;
CREATE INDEX models_attachment_idx ON churn.models (attachment_id);
COMMENT ON TABLE churn.models IS
    'The registry: one immutable row for each version, written by churn.register_model. '
    'churn.delete_model alone takes something away.';
COMMENT ON COLUMN churn.models.version IS 'The version''s number, never used twice.';
COMMENT ON COLUMN churn.models.attachment_id IS 'The attachment whose profile it scores.';
COMMENT ON COLUMN churn.models.artifact IS
    'The pickled scikit-learn classifier; null: it was deleted.';
COMMENT ON COLUMN churn.models.artifact_sha256 IS 'Digest of the artifact.';
COMMENT ON COLUMN churn.models.compiled IS
    'Its compiled form, which is what scores; null: the pickle scores, or it was deleted.';
COMMENT ON COLUMN churn.models.compiled_sha256 IS
    'Digest of the compiled form; null: there never was one.';
COMMENT ON COLUMN churn.models.parity IS
    'The largest difference of a probability between the two forms that was found.';
COMMENT ON COLUMN churn.models.compilation IS
    'What the compiled form was compared on, or why there is none.';
COMMENT ON COLUMN churn.models.explanation IS
    'The numbers that explaining its scores needs; null: there are none, or they were '
    'deleted.';
COMMENT ON COLUMN churn.models.explanation_sha256 IS
    'Digest of the explanation form; null: there never was one.';
COMMENT ON COLUMN churn.models.explanation_problem IS
    'Why its scores are not explained; null: they are.';
COMMENT ON COLUMN churn.models.reference IS
    'What is typical of the rows that scores are explained by and that churn.monitor '
    'compares later ones with, with the mean contribution of each feature; null: there were '
    'none, or it was deleted.';
COMMENT ON COLUMN churn.models.reference_sha256 IS
    'Digest of that, by churn_internal.reference_digest; null: there never was any.';
COMMENT ON COLUMN churn.models.signature IS
    'Features by name, kind and order, which may be null, and the positive class.';
COMMENT ON COLUMN churn.models.metrics IS 'Figures of the held-out test split, or null.';
COMMENT ON COLUMN churn.models.environment IS 'Python and package versions it was pickled under.';
COMMENT ON COLUMN churn.models.provenance IS 'Where model and training data came from.';
COMMENT ON COLUMN churn.models.attestation IS
    'What its signer states about it, as it was signed; null: it is not signed.';
COMMENT ON COLUMN churn.models.attestation_signature IS 'The Ed25519 signature of that.';
COMMENT ON COLUMN churn.models.attestation_key IS 'Fingerprint of the key that signed.';
COMMENT ON COLUMN churn.models.registered_by IS 'Who registered it.';
COMMENT ON COLUMN churn.models.registered_at IS 'When it was registered.';
COMMENT ON COLUMN churn.models.deleted_by IS 'Who deleted it; null: it is there.';
COMMENT ON COLUMN churn.models.deleted_at IS
    'When its bytes were deleted; the row stays for what names the version.';
ALTER TABLE churn.models OWNER TO churn_owner;
-- Not the bytes.
GRANT SELECT (
    version, attachment_id, artifact_sha256, compiled_sha256, parity, compilation,
    explanation_sha256, explanation_problem, reference_sha256, signature, metrics, environment, provenance,
    attestation, attestation_signature, attestation_key, registered_by, registered_at,
    deleted_by, deleted_at
) ON churn.models TO churn_loader, churn_scorer;
