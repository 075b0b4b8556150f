CREATE OR REPLACE FUNCTION churn.rollback_model(profile regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
    previous churn.deployments;
    tried record;
BEGIN
    -- Before the attachment is locked, since this locks its table.
    SELECT p.version, churn_internal.features_changed_by_writing(p.version) AS changed
    INTO tried
    FROM churn_internal.previous_deployment(attachment.attachment_id) p;
    PERFORM churn_internal.lock_deployments(attachment.attachment_id);
    PERFORM churn_internal.check_not_released(
        attachment.attachment_id, 'cannot be rolled back', experiments => false
    );
    SELECT p.* INTO previous
    FROM churn_internal.previous_deployment(attachment.attachment_id) p;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('there is no earlier version of %s to go back to', profile),
            HINT = 'SELECT * FROM churn.deployments shows what was active when.';
    END IF;
    -- Locked, so that a transaction which began before the version was deleted fails.
    PERFORM FROM churn.models m WHERE m.version = previous.version FOR SHARE;
    PERFORM churn_internal.check_model(previous.version);
    INSERT INTO churn.deployments (
        attachment_id, version, artifact_sha256, action, previous_deployment_id
    )
    VALUES (
        attachment.attachment_id, previous.version, previous.artifact_sha256,
        'rollback', previous.previous_deployment_id
    );
    IF tried.version = previous.version THEN
        PERFORM churn_internal.warn_of_changed_features(
            previous.version, profile, tried.changed
        );
    END IF;
    RETURN previous.version;
END $body$;
COMMENT ON FUNCTION churn.rollback_model IS
    'Puts the version before the active one in force again and returns it; called '
    'again, the one before that. Ends an experiment that is under way.';
GRANT EXECUTE ON FUNCTION churn.rollback_model TO churn_loader;
