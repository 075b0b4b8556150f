CREATE OR REPLACE FUNCTION churn_internal.deployment_for(
    attachment_id integer, key text, OUT version bigint, OUT arms bytea
) RETURNS SETOF record LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT coalesce(
               d.sole_version,
               churn_internal.version_of_arm(
                   d.arms, convert_to(deployment_for.key, 'SQL_ASCII')
               )
           ),
           d.arms
    FROM churn.deployments d
    WHERE d.attachment_id = deployment_for.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
END;
COMMENT ON FUNCTION churn_internal.deployment_for IS
    'The version that scores the customer with this key, as the profile stores it, and where '
    'its digest is: see churn.deployments.arms. No row while there is none. Sets of rows are '
    'split by churn_internal.arms.';
