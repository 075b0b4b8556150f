CREATE TABLE churn_trust.trusted_keys (
    fingerprint text PRIMARY KEY,
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    comment text NOT NULL,
    added_by name NOT NULL DEFAULT session_user,
    added_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
COMMENT ON TABLE churn_trust.trusted_keys IS
    'The Ed25519 keys that may sign models. While one is in force, unsigned models neither '
    'register nor score.';
COMMENT ON COLUMN churn_trust.trusted_keys.fingerprint IS
    'SHA-256 of the key as DER SubjectPublicKeyInfo, in hexadecimal digits.';
COMMENT ON COLUMN churn_trust.trusted_keys.public_key IS 'The 32 bytes of RFC 8032.';
COMMENT ON COLUMN churn_trust.trusted_keys.comment IS 'Whose key it is.';
COMMENT ON COLUMN churn_trust.trusted_keys.added_by IS 'Who trusted it.';
COMMENT ON COLUMN churn_trust.trusted_keys.added_at IS 'When it was trusted.';
COMMENT ON COLUMN churn_trust.trusted_keys.revoked_at IS
    'When the trust ended; null: the key is in force.';
REVOKE ALL ON churn_trust.trusted_keys FROM PUBLIC;
-- It looks which keys are in force whenever it looks for the version in force.
GRANT SELECT ON churn_trust.trusted_keys TO churn_owner;
CREATE TABLE churn_trust.allowed_pickles (
    artifact_sha256 bytea CONSTRAINT allowed_pickles_pkey PRIMARY KEY,
    comment text NOT NULL,
    allowed_by name NOT NULL DEFAULT session_user,
    allowed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE churn_trust.allowed_pickles IS
    'Pickles that may score without a compiled form though no trusted key has signed them.';
COMMENT ON COLUMN churn_trust.allowed_pickles.artifact_sha256 IS 'Digest of the pickle.';
COMMENT ON COLUMN churn_trust.allowed_pickles.comment IS 'Why it is allowed.';
COMMENT ON COLUMN churn_trust.allowed_pickles.allowed_by IS 'The superuser who allowed it.';
COMMENT ON COLUMN churn_trust.allowed_pickles.allowed_at IS 'When it was allowed.';
REVOKE ALL ON churn_trust.allowed_pickles FROM PUBLIC;
