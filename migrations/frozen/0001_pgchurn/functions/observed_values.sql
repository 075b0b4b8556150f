-- No SECURITY DEFINER: what it returns is what its caller may read.
CREATE OR REPLACE FUNCTION churn_internal.observed_values(version bigint, features text[])
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_object_agg(k.feature, k.known), '{}')
        FROM churn_internal.known_values k
        WHERE k.version = observed_values.version AND k.feature = ANY (features)
    );
END $body$;
COMMENT ON FUNCTION churn_internal.observed_values IS
    'What a version knows of some features, as far as its caller may read the profile.';
GRANT EXECUTE ON FUNCTION churn_internal.observed_values TO churn_scorer, churn_loader;
