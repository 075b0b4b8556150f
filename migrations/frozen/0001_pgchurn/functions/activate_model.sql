CREATE OR REPLACE FUNCTION churn.activate_model(
    version bigint, allow_older boolean DEFAULT false,
    allow_expired boolean DEFAULT false
) RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    -- Before the attachment is locked, since this locks its table.
    changed CONSTANT text[] := churn_internal.features_changed_by_writing(version);
    model record;
    current churn.deployments;
BEGIN
    PERFORM churn_internal.lock_deployments(churn_internal.attachment_of_version(version));
    -- Locked, so that a transaction which began before the version was deleted fails.
    SELECT m.attachment_id, m.artifact_sha256, m.attestation INTO model
    FROM churn.models m WHERE m.version = activate_model.version FOR SHARE;
    PERFORM churn_internal.check_model(version);

    SELECT d.* INTO current
    FROM churn.deployments d
    WHERE d.attachment_id = model.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
    IF current.version = activate_model.version THEN
        IF churn_internal.end_release(
            model.attachment_id, 'cancel', format('model version %s was activated', version)
        ) THEN
            RETURN;
        END IF;
        RAISE NOTICE 'model version % is already active', version;
        RETURN;
    END IF;
    PERFORM churn_internal.check_activation(
        model.attestation, churn_internal.active_attestation(model.attachment_id), allow_older,
        allow_expired
    );
    INSERT INTO churn.deployments (
        attachment_id, version, artifact_sha256, action, previous_deployment_id
    )
    VALUES (
        model.attachment_id, activate_model.version, model.artifact_sha256, 'activate',
        current.deployment_id
    );
    PERFORM churn_internal.warn_of_changed_features(version, a.profile, changed)
    FROM churn.attachments a WHERE a.attachment_id = model.attachment_id;
END $body$;
COMMENT ON FUNCTION churn.activate_model IS
    'Makes a version score its profile: for every session''s next statement at commit. Where '
    'a key is trusted, what was signed must not have expired, nor be about an older '
    'version than the active one, unless that is allowed by name. Ends a release or an '
    'experiment that is under way.';
GRANT EXECUTE ON FUNCTION churn.activate_model TO churn_loader;
