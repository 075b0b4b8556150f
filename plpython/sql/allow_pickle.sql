CREATE OR REPLACE FUNCTION churn_trust.allow_pickle(artifact_sha256 bytea, comment text)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- The session's own user: this acts as the superuser who migrated.
    IF NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = session_user) THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'only a superuser allows a pickle to score',
            DETAIL = 'scikit-learn''s compiled code trusts what a pickle holds: whoever '
                     'brings one can crash the server, or do worse.',
            HINT = 'Ask a superuser, or sign the model with a trusted key.';
    END IF;
    INSERT INTO churn_trust.allowed_pickles AS p (artifact_sha256, comment)
    VALUES (allow_pickle.artifact_sha256, allow_pickle.comment)
    ON CONFLICT ON CONSTRAINT allowed_pickles_pkey DO UPDATE SET
        comment = excluded.comment, allowed_by = DEFAULT, allowed_at = DEFAULT;
END $body$;
COMMENT ON FUNCTION churn_trust.allow_pickle IS
    'Lets a pickle without a compiled form score, by its digest. For superusers.';
GRANT EXECUTE ON FUNCTION churn_trust.allow_pickle TO churn_owner;
