CREATE OR REPLACE FUNCTION churn_trust.is_pickle_allowed(artifact_sha256 bytea) RETURNS boolean
LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
    SELECT EXISTS (
        SELECT FROM churn_trust.allowed_pickles p
        WHERE p.artifact_sha256 = is_pickle_allowed.artifact_sha256
    )
$body$;
COMMENT ON FUNCTION churn_trust.is_pickle_allowed IS
    'Whether a superuser has let a pickle score, by its digest.';
GRANT EXECUTE ON FUNCTION churn_trust.is_pickle_allowed TO churn_owner;
