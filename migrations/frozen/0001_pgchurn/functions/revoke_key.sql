CREATE OR REPLACE FUNCTION churn_trust.revoke_key(fingerprint text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    UPDATE churn_trust.trusted_keys k SET revoked_at = now()
    WHERE k.fingerprint = revoke_key.fingerprint AND k.revoked_at IS NULL;
    IF NOT FOUND THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('no key with fingerprint %s is trusted',
                             coalesce(fingerprint, 'null')),
            HINT = 'SELECT * FROM churn_trust.trusted_keys lists the keys.';
    END IF;
    PERFORM churn_internal.end_releases_of_key(revoke_key.fingerprint);
    IF NOT EXISTS (SELECT FROM churn_trust.keys_in_force()) THEN
        RAISE WARNING USING
            MESSAGE = 'no key is trusted any more',
            DETAIL = 'Unsigned models are accepted from now on.',
            HINT = 'Trust another key with churn_trust.trust_key.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_trust.revoke_key IS
    'Ends the trust in a key. What it signed scores no more in statements that begin after '
    'the commit, nor, after a second, in those that go on; a transaction that keeps to a '
    'snapshot from before goes by that. Ends the releases of versions that '
    'it signed, and experiments with them. For superusers.';
