CREATE OR REPLACE FUNCTION churn.stop_experiment(profile regclass, reason text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    experiment bigint;
BEGIN
    PERFORM churn_internal.lock_deployments(attachment.attachment_id);
    experiment := (
        SELECT CASE WHEN d.challenger IS NOT NULL THEN d.experiment_id END
        FROM churn.deployments d WHERE d.attachment_id = attachment.attachment_id
        ORDER BY d.deployment_id DESC LIMIT 1
    );
    IF experiment IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('no experiment on %s is under way', profile),
            HINT = 'SELECT * FROM churn.experiments shows those that were.';
    END IF;
    PERFORM churn_internal.end_release(attachment.attachment_id, 'cancel', reason);
    RETURN experiment;
END $body$;
COMMENT ON FUNCTION churn.stop_experiment IS
    'Ends an experiment: the version in force scores all customers again, from the commit on, '
    'and workers and churn.repair score again whom the challenger has scored. Returns the '
    'experiment.';
GRANT EXECUTE ON FUNCTION churn.stop_experiment TO churn_loader;
