CREATE OR REPLACE FUNCTION churn.delete_model(version bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment churn.attachments;
    model record;
    named_by text;
BEGIN
    PERFORM churn_internal.check_isolation(
        'models cannot be deleted',
        'What was activated or scored after it began would be missed.'
    );
    -- Neither an activation nor a rollback comes between.
    PERFORM churn_internal.lock_deployments(
        churn_internal.attachment_of_version(delete_model.version)
    );
    SELECT a.* INTO attachment
    FROM churn.attachments a
    WHERE a.attachment_id = churn_internal.attachment_of_version(delete_model.version);
    SELECT m.registered_at, m.deleted_at INTO model
    FROM churn.models m WHERE m.version = delete_model.version;
    IF model.deleted_at IS NULL THEN
        PERFORM churn_internal.check_deletable(attachment, delete_model.version);
    END IF;

    named_by := CASE
        WHEN EXISTS (
            SELECT FROM churn.deployments d
            WHERE delete_model.version IN (d.version, d.challenger)
        ) THEN 'churn.deployments'
        WHEN EXISTS (
            SELECT FROM churn.outbox o
            WHERE delete_model.version IN (o.version, o.former_version)
        ) THEN 'churn.outbox'
        -- Not the partitions from before it was registered.
        WHEN EXISTS (
            SELECT FROM churn.predictions p
            WHERE p.version = delete_model.version
              AND p.predicted_at >= model.registered_at
        ) THEN 'churn.predictions'
    END;
    IF named_by IS NULL THEN
        DELETE FROM churn.models m WHERE m.version = delete_model.version;
    ELSE
        UPDATE churn.models m SET
            artifact = NULL, compiled = NULL, explanation = NULL, reference = NULL,
            deleted_by = session_user, deleted_at = now()
        WHERE m.version = delete_model.version AND m.deleted_at IS NULL;
        RAISE NOTICE USING
            MESSAGE = format('model version %s keeps its row, without its bytes',
                             delete_model.version),
            DETAIL = churn_internal.representable(format('%s names it.', named_by));
    END IF;
    IF attachment.detached_at IS NULL THEN
        PERFORM churn_internal.fit_functions(attachment);
    END IF;
    RETURN named_by IS NULL;
END $body$;
COMMENT ON FUNCTION churn.delete_model IS
    'Deletes a version that neither scores nor would after churn.rollback_model: with its '
    'row, which is true, or, where a deployment, churn.predictions or churn.outbox names '
    'it, its bytes alone. Commit the activation of another version before.';
GRANT EXECUTE ON FUNCTION churn.delete_model TO churn_loader;
