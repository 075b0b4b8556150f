CREATE OR REPLACE FUNCTION churn_internal.deployment_for(
    attachment_id integer, key text, OUT version bigint, OUT artifact_sha256 bytea
) RETURNS SETOF record LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE WHEN a.challenged THEN d.challenger ELSE d.version END,
           CASE WHEN a.challenged THEN d.challenger_sha256 ELSE d.artifact_sha256 END
    FROM churn_internal.active_deployment(deployment_for.attachment_id) d
    CROSS JOIN LATERAL (
        SELECT churn_internal.in_arm(deployment_for.key, d.salt, d.share)
    ) a (challenged);
END;
COMMENT ON FUNCTION churn_internal.deployment_for IS
    'The version that scores the customer with this key, as the profile stores it, and its '
    'digest; no row while there is none. Sets of rows are split by churn_internal.arms.';
