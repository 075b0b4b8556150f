CREATE OR REPLACE FUNCTION churn_internal.plan_under_way(profile regclass)
RETURNS churn_internal.release_plans
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
    plan churn_internal.release_plans;
BEGIN
    PERFORM churn_internal.lock_deployments(attachment.attachment_id);
    SELECT p.* INTO plan
    FROM churn_internal.release_plans p
    WHERE p.release_id = (
        SELECT CASE WHEN d.action = 'release' THEN d.release_id END
        FROM churn.deployments d WHERE d.attachment_id = attachment.attachment_id
        ORDER BY d.deployment_id DESC LIMIT 1
    );
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('no release of %s is under way', profile),
            HINT = 'SELECT * FROM churn.releases shows those that were.';
    END IF;
    RETURN plan;
END $body$;
COMMENT ON FUNCTION churn_internal.plan_under_way IS
    'The release of a profile that is under way, its deployments locked; an error where there '
    'is none.';
