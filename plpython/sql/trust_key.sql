CREATE OR REPLACE FUNCTION churn_trust.trust_key(public_key text, comment text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    key record;
BEGIN
    SELECT k.* INTO key FROM churn_trust.read_public_key(public_key) k;
    IF key.message IS NOT NULL THEN
        RAISE USING ERRCODE = key.sqlstate, MESSAGE = key.message, DETAIL = key.detail,
            HINT = key.hint;
    END IF;
    INSERT INTO churn_trust.trusted_keys AS t (fingerprint, public_key, comment)
    VALUES (key.fingerprint, key.point, trust_key.comment)
    ON CONFLICT (fingerprint) DO UPDATE SET
        comment = excluded.comment, added_by = DEFAULT, added_at = DEFAULT,
        revoked_at = NULL;
    RETURN key.fingerprint;
END $body$;
COMMENT ON FUNCTION churn_trust.trust_key IS
    'Trusts an Ed25519 public key, in PEM, to sign models; returns its fingerprint. From '
    'then on unsigned models neither register nor score. For superusers.';
