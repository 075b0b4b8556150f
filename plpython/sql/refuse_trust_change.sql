CREATE OR REPLACE FUNCTION churn_trust.refuse_trust_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'only a superuser changes what is trusted',
            DETAIL = format('%s was attempted by %I.', TG_OP, current_user),
            HINT = 'Ask a superuser to call churn_trust.trust_key, revoke_key or '
                   'allow_pickle.';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $body$;
COMMENT ON FUNCTION churn_trust.refuse_trust_change() IS
    'Trigger of the trusted keys and allowed pickles: pg_write_all_data and a careless GRANT do not reach them.';

CREATE OR REPLACE TRIGGER refuse_key_change
    -- For each row, because logical replication fires no trigger for a statement.
    BEFORE INSERT OR UPDATE OR DELETE ON churn_trust.trusted_keys
    FOR EACH ROW EXECUTE FUNCTION churn_trust.refuse_trust_change();
CREATE OR REPLACE TRIGGER refuse_key_truncation
    BEFORE TRUNCATE ON churn_trust.trusted_keys
    FOR EACH STATEMENT EXECUTE FUNCTION churn_trust.refuse_trust_change();
-- Whatever session_replication_role says.
ALTER TABLE churn_trust.trusted_keys
    ENABLE ALWAYS TRIGGER refuse_key_change,
    ENABLE ALWAYS TRIGGER refuse_key_truncation;
COMMENT ON TRIGGER refuse_key_change ON churn_trust.trusted_keys IS
    'Lets superusers alone change a row.';
COMMENT ON TRIGGER refuse_key_truncation ON churn_trust.trusted_keys IS
    'Lets superusers alone empty the table.';

CREATE OR REPLACE TRIGGER refuse_pickle_change
    BEFORE INSERT OR UPDATE OR DELETE ON churn_trust.allowed_pickles
    FOR EACH ROW EXECUTE FUNCTION churn_trust.refuse_trust_change();
CREATE OR REPLACE TRIGGER refuse_pickle_truncation
    BEFORE TRUNCATE ON churn_trust.allowed_pickles
    FOR EACH STATEMENT EXECUTE FUNCTION churn_trust.refuse_trust_change();
ALTER TABLE churn_trust.allowed_pickles
    ENABLE ALWAYS TRIGGER refuse_pickle_change,
    ENABLE ALWAYS TRIGGER refuse_pickle_truncation;
COMMENT ON TRIGGER refuse_pickle_change ON churn_trust.allowed_pickles IS
    'Lets superusers alone change a row.';
COMMENT ON TRIGGER refuse_pickle_truncation ON churn_trust.allowed_pickles IS
    'Lets superusers alone empty the table.';
