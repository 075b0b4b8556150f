CREATE OR REPLACE FUNCTION churn.start_experiment(
    profile regclass, challenger bigint, share double precision DEFAULT 50,
    horizon interval DEFAULT NULL, unit name DEFAULT NULL,
    effect double precision DEFAULT 0.2, longest interval DEFAULT '1 year',
    expected bigint DEFAULT NULL, allow_older boolean DEFAULT false,
    allow_expired boolean DEFAULT false
) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $body$
#variable_conflict use_variable
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
    -- Before the attachment is locked, since this locks its table.
    changed CONSTANT text[] := churn_internal.features_changed_by_writing(challenger);
    current churn.deployments;
    estimate record;
    days double precision;
    digest bytea;
    experiment bigint;
    salt CONSTANT bigint := (random() * 2.0 ^ 53)::bigint;
    slots integer;
BEGIN
    horizon := coalesce(horizon, attachment.horizon);
    PERFORM churn_internal.check_experiment(share, horizon, effect);
    slots := greatest(round(share / 100 * 65536), 1)::integer;
    IF unit <> attachment.profile_key THEN
        RAISE feature_not_supported USING
            MESSAGE = format('%s cannot be the unit of an experiment', unit),
            DETAIL = format('Which version scores a row is told by its key, %s, alone.',
                            attachment.profile_key),
            HINT = 'Leave unit out.';
    END IF;
    IF (expected >= 1) IS FALSE OR (longest > interval '0') IS NOT TRUE THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'expected must be at least 1, and longest more than nothing';
    END IF;
    IF churn_internal.attachment_of_version(challenger) <> attachment.attachment_id THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('model version %s was not registered for %s', challenger, profile),
            HINT = 'SELECT version, attachment_id FROM churn.models lists the versions.';
    END IF;
    PERFORM churn_internal.lock_deployments(attachment.attachment_id);
    PERFORM churn_internal.check_not_released(
        attachment.attachment_id, 'has no other experiment beside it'
    );
    SELECT d.* INTO current
    FROM churn.deployments d WHERE d.attachment_id = attachment.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
    IF current.version IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('no active model for %s', profile),
            DETAIL = 'An experiment compares a version with the one in force.',
            HINT = 'Call churn.activate_model(version).';
    ELSIF current.version = challenger THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('model version %s is already active', challenger),
            HINT = 'Pass the version that is to be compared with it.';
    END IF;
    digest := churn_internal.check_challenger(
        attachment.attachment_id, challenger, allow_older, allow_expired
    );
    IF expected IS NULL THEN
        SELECT e.* INTO estimate
        FROM churn.estimate_experiment(profile, share, horizon, effect) e;
        IF make_interval(secs => least(estimate.days * 86400, 1e11)) > longest THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = CASE
                    WHEN estimate.days = 'infinity' THEN 'an experiment would never end'
                    ELSE format('an experiment would take about %s days',
                                ceil(estimate.days))
                END,
                DETAIL = format(
                    'It takes about %s customers in each arm to find that of %s %% who leave '
                    'one in %s is kept.', estimate.customers_per_arm,
                    round((100 * estimate.base_rate)::numeric, 1),
                    round((1 / effect)::numeric, 1)
                ),
                HINT = format(
                    'SELECT * FROM churn.compare(%L, %s, %s, since) needs no arms, and an '
                    'eighth of the customers; or pass a larger share, effect or longest.',
                    churn_internal.table_name(profile), current.version, challenger
                );
        END IF;
        expected := 2 * estimate.customers_per_arm;
        days := estimate.days;
    END IF;
    INSERT INTO churn_internal.experiment_plans (
        attachment_id, champion, challenger, share, salt, horizon, effect, expected, days
    )
    VALUES (
        attachment.attachment_id, current.version, challenger, slots, salt, horizon, effect,
        expected, days
    )
    RETURNING experiment_id INTO experiment;
    INSERT INTO churn.deployments (
        attachment_id, version, artifact_sha256, action, previous_deployment_id,
        experiment_id, challenger, challenger_sha256, salt, share
    )
    VALUES (
        attachment.attachment_id, current.version, current.artifact_sha256, 'experiment',
        current.previous_deployment_id, experiment, challenger, digest, salt, slots
    );
    PERFORM churn_internal.warn_of_changed_features(challenger, profile, changed);
    RETURN experiment;
END $body$;
COMMENT ON FUNCTION churn.start_experiment IS
    'Has a version score a share of the customers, in percent, and compares what becomes of '
    'them with what becomes of as many whom the version in force scores. It is refused where '
    'by the profile''s own history it would take too long to find the effect: the part of '
    'those who would leave that is kept. Returns the number of the experiment.';
GRANT EXECUTE ON FUNCTION churn.start_experiment TO churn_loader;
