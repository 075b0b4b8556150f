CREATE OR REPLACE FUNCTION churn_internal.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- churn.delete_model runs as the owner, and nobody else does.
    IF TG_RELID = 'churn.models'::regclass AND TG_OP <> 'TRUNCATE'
       AND current_user = 'churn_owner' THEN
        RETURN NULL;
    END IF;
    RAISE object_not_in_prerequisite_state USING
        MESSAGE = format('rows of churn.%s never change', TG_TABLE_NAME),
        DETAIL = format('%s was attempted.', TG_OP),
        HINT = CASE TG_TABLE_NAME
            WHEN 'models' THEN 'Register a new version with churn.register_model, or '
                               'call churn.delete_model for one that is not needed.'
            WHEN 'release_evidence' THEN 'churn.advance_releases appends.'
            ELSE 'Call churn.activate_model or churn.rollback_model: they append.'
        END;
END $body$;
COMMENT ON FUNCTION churn_internal.refuse_change() IS
    'Trigger of the registry''s tables, whose rows are only ever added.';

CREATE OR REPLACE TRIGGER refuse_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON churn.models
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.refuse_change();
COMMENT ON TRIGGER refuse_change ON churn.models IS 'Keeps a version what it was.';
CREATE OR REPLACE TRIGGER refuse_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON churn.deployments
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.refuse_change();
COMMENT ON TRIGGER refuse_change ON churn.deployments IS 'Keeps the history whole.';
CREATE OR REPLACE TRIGGER refuse_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON churn.release_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.refuse_change();
COMMENT ON TRIGGER refuse_change ON churn.release_evidence IS 'Keeps what was decided by.';
