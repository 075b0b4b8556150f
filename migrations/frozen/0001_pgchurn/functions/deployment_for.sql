-- In one level, and with no column that is not needed: it is part of every single INSERT
-- while a release is under way.
CREATE OR REPLACE FUNCTION churn_internal.deployment_for(
    attachment_id integer, key text, OUT version bigint, OUT artifact_sha256 bytea
) RETURNS SETOF record LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE
               WHEN churn_internal.in_arm(deployment_for.key, d.salt, d.share)
                   THEN d.challenger
               ELSE d.version
           END,
           CASE
               WHEN churn_internal.in_arm(deployment_for.key, d.salt, d.share)
                   THEN d.challenger_sha256
               ELSE d.artifact_sha256
           END
    FROM churn.deployments d
    WHERE d.attachment_id = deployment_for.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
END;
COMMENT ON FUNCTION churn_internal.deployment_for IS
    'The version that scores the customer with this key, as the profile stores it, and its '
    'digest; no row while there is none. Sets of rows are split by churn_internal.arms.';
