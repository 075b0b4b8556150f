CREATE OR REPLACE FUNCTION churn_internal.take_step(
    plan churn_internal.release_plans, step integer
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    percent CONSTANT double precision := plan.steps[step];
    digest bytea;
    current churn.deployments;
BEGIN
    digest := churn_internal.check_challenger(
        plan.attachment_id, plan.challenger, plan.allow_older, plan.allow_expired
    );
    SELECT d.* INTO current
    FROM churn.deployments d WHERE d.attachment_id = plan.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
    IF percent = 100 THEN
        INSERT INTO churn.deployments (
            attachment_id, version, artifact_sha256, action, previous_deployment_id, release_id
        )
        VALUES (
            plan.attachment_id, plan.challenger, digest, 'activate',
            current.deployment_id, plan.release_id
        );
    ELSE
        INSERT INTO churn.deployments (
            attachment_id, version, artifact_sha256, action, previous_deployment_id,
            release_id, challenger, challenger_sha256, salt, share
        )
        VALUES (
            plan.attachment_id, current.version, current.artifact_sha256, 'release',
            current.previous_deployment_id, plan.release_id, plan.challenger,
            digest, plan.salt,
            CASE
                WHEN percent > 0
                    THEN least(greatest(round(percent / 100 * 65536), 1), 65535)::integer
            END
        );
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.take_step IS
    'Takes a step of a release, the last of which may be an activation, under what holds for '
    'churn.activate_model. Lock the deployments before.';
