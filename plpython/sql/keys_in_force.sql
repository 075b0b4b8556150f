CREATE OR REPLACE FUNCTION churn_trust.keys_in_force()
RETURNS TABLE (fingerprint text, public_key bytea)
LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
    SELECT k.fingerprint, k.public_key
    FROM churn_trust.trusted_keys k
    WHERE k.revoked_at IS NULL
    ORDER BY k.fingerprint
$body$;
COMMENT ON FUNCTION churn_trust.keys_in_force IS
    'The keys that may sign models. While there is one, unsigned models neither register '
    'nor score.';
GRANT EXECUTE ON FUNCTION churn_trust.keys_in_force TO churn_owner;
