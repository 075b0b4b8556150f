CREATE OR REPLACE FUNCTION churn.release(
    profile regclass, version bigint,
    steps double precision[] DEFAULT '{1,5,25,50,100}', hold interval DEFAULT '1 day',
    min_customers integer DEFAULT 500, on_guardrail text DEFAULT 'rollback',
    limits jsonb DEFAULT '{}', allow_older boolean DEFAULT false,
    allow_expired boolean DEFAULT false
) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
    -- Before the attachment is locked, since this locks its table.
    changed CONSTANT text[] := churn_internal.features_changed_by_writing(version);
    active bigint;
    plan churn_internal.release_plans;
BEGIN
    PERFORM churn_internal.check_release(steps, hold, min_customers, on_guardrail, limits);
    IF churn_internal.attachment_of_version(version) <> attachment.attachment_id THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('model version %s was not registered for %s', version, profile),
            HINT = 'SELECT version, attachment_id FROM churn.models lists the versions.';
    END IF;
    PERFORM churn_internal.lock_deployments(attachment.attachment_id);
    PERFORM churn_internal.check_not_released(
        attachment.attachment_id, 'is not released a second time'
    );
    active := (
        SELECT d.version FROM churn_internal.active_deployment(attachment.attachment_id) d
    );
    IF active IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('no active model for %s', profile),
            DETAIL = 'A release is beside the version in force.',
            HINT = 'Call churn.activate_model(version).';
    END IF;
    IF active = version THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('model version %s is already active', version),
            HINT = 'Pass the version that is to take its place.';
    END IF;
    INSERT INTO churn_internal.release_plans (
        attachment_id, champion, challenger, steps, hold, min_customers, on_guardrail,
        limits, allow_older, allow_expired, salt
    )
    VALUES (
        attachment.attachment_id, active, version, steps, hold, min_customers, on_guardrail,
        limits, allow_older, allow_expired, (random() * 2.0 ^ 53)::bigint
    )
    RETURNING * INTO plan;
    PERFORM churn_internal.take_step(plan, 1);
    PERFORM churn_internal.warn_of_changed_features(version, profile, changed);
    RETURN plan.release_id;
END $body$;
COMMENT ON FUNCTION churn.release IS
    'Begins to have a version score a share of the customers, which churn.advance_releases '
    'raises step by step, in percent, while no guardrail fails; 0 is a shadow, which scores '
    'nobody, and 100 an activation. A step lasts at least hold, and until it has scored '
    'min_customers. Returns the number of the release.';
GRANT EXECUTE ON FUNCTION churn.release TO churn_loader;
