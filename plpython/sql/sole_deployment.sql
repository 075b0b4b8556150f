-- Two columns, as they are stored, and no more: each further one, and each expression, takes
-- a single INSERT a hundredth of its time, also where nobody reads it.
CREATE OR REPLACE FUNCTION churn_internal.sole_deployment(
    attachment_id integer, OUT version bigint, OUT arms bytea
) RETURNS SETOF record LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT d.sole_version, d.arms
    FROM churn.deployments d
    WHERE d.attachment_id = sole_deployment.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
END;
COMMENT ON FUNCTION churn_internal.sole_deployment IS
    'The version that scores all customers of an attachment and its digest. Without the '
    'version while a release has two score them: then the arms tell '
    'churn_internal.version_of_arm which of them scores whom. No row while there is none.';
