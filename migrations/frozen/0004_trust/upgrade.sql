-- Stop before anything is changed when this server cannot verify signatures.
DO LANGUAGE plpython3u $prerequisites$
import sys

OLDEST = (50, 0)
python = f"Python {sys.version.split()[0]}, which PL/Python embeds"
wanted = f"cryptography {'.'.join(map(str, OLDEST))} or newer"
hint = (
    f"Install {wanted} for this interpreter ({sys.exec_prefix}), and where it is not on "
    "its path set PYTHONPATH in the server's environment, then restart the server. The "
    "README has a page on it."
)
try:
    import cryptography
    from cryptography.hazmat.primitives.asymmetric import ed25519
except ImportError as error:
    plpy.error(
        f"cryptography is missing from {python}",
        detail=f"{error}.",
        hint=hint,
        sqlstate="58P01",
    )
version = tuple(int(part) for part in cryptography.__version__.split(".")[:2])
if version < OLDEST:
    plpy.error(
        f"cryptography {cryptography.__version__} is too old in {python}",
        detail=f"pgchurn needs {wanted}.",
        hint=hint,
        sqlstate="0A000",
    )
$prerequisites$;

CREATE TABLE churn.rescoring_marks (
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    key text NOT NULL,
    version bigint,
    sqlstate text NOT NULL,
    reason text NOT NULL,
    failures bigint NOT NULL DEFAULT 1,
    first_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (attachment_id, key)
);
COMMENT ON TABLE churn.rescoring_marks IS
    'Customers whose last score failed. A mark counts until the customer is scored after '
    'it; churn.repair scores them again and clears marks that count no more.';
COMMENT ON COLUMN churn.rescoring_marks.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.rescoring_marks.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn.rescoring_marks.version IS 'The version that failed, the last time.';
COMMENT ON COLUMN churn.rescoring_marks.sqlstate IS 'What kind of failure it was.';
COMMENT ON COLUMN churn.rescoring_marks.reason IS 'The message that came with it.';
COMMENT ON COLUMN churn.rescoring_marks.failures IS 'How often it failed.';
COMMENT ON COLUMN churn.rescoring_marks.first_failed_at IS 'When it failed first.';
COMMENT ON COLUMN churn.rescoring_marks.last_failed_at IS 'When it failed last.';
ALTER TABLE churn.rescoring_marks OWNER TO churn_owner;
GRANT SELECT ON churn.rescoring_marks TO churn_loader, churn_scorer;

-- Step by step: with a default, a column cannot be added to a type that functions take.
ALTER TABLE churn.attachments ADD COLUMN score_timeout interval;
ALTER TABLE churn.attachments ALTER COLUMN score_timeout SET DEFAULT '5 s';
UPDATE churn.attachments SET score_timeout = DEFAULT;
ALTER TABLE churn.attachments ALTER COLUMN score_timeout SET NOT NULL;
COMMENT ON COLUMN churn.attachments.score_timeout IS
    'How long one call of the model may take before it counts as a failure.';
-- Of the superuser who migrates, and not in schema churn: churn_owner may drop what is
-- in there and put something else in its place.
CREATE SCHEMA churn_trust;
COMMENT ON SCHEMA churn_trust IS 'pgchurn: who may sign models, out of reach of all but superusers.';
REVOKE ALL ON SCHEMA churn_trust FROM PUBLIC;
GRANT USAGE ON SCHEMA churn_trust TO churn_owner;
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

ALTER TABLE churn.models
    ADD COLUMN statement text,
    ADD COLUMN statement_signature bytea,
    ADD COLUMN statement_key text,
    ADD CONSTRAINT models_statement_check
        CHECK (num_nulls(statement, statement_signature, statement_key) IN (0, 3));
COMMENT ON COLUMN churn.models.statement IS
    'What its signer states about it, as it was signed; null: it is not signed.';
COMMENT ON COLUMN churn.models.statement_signature IS 'The Ed25519 signature of that.';
COMMENT ON COLUMN churn.models.statement_key IS 'Fingerprint of the key that signed.';
GRANT SELECT (statement, statement_signature, statement_key)
    ON churn.models TO churn_loader, churn_scorer;

-- Their lists of parameters change.
DROP FUNCTION churn.register_model, churn.activate_model;
