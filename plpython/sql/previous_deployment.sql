CREATE OR REPLACE FUNCTION churn_internal.previous_deployment(attachment_id integer)
RETURNS SETOF churn.deployments
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT p.*
    FROM churn.deployments d
    JOIN churn.deployments p ON p.deployment_id = d.previous_deployment_id
    WHERE d.deployment_id = (
        SELECT max(l.deployment_id) FROM churn.deployments l
        WHERE l.attachment_id = previous_deployment.attachment_id
    );
END;
COMMENT ON FUNCTION churn_internal.previous_deployment IS
    'What was in force before the deployment that is; no row where there was none.';
