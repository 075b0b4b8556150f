-- No SECURITY DEFINER: what it returns is what its caller may read.
CREATE OR REPLACE FUNCTION churn_internal.typical_values(version bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_object_agg(k.feature, k.known -> 'typical'), '{}')
        FROM churn_internal.known_values k
        WHERE k.version = typical_values.version
    );
END $body$;
COMMENT ON FUNCTION churn_internal.typical_values IS
    'What is typical of each feature of a version, as far as its caller may read the profile.';
GRANT EXECUTE ON FUNCTION churn_internal.typical_values TO churn_scorer, churn_loader;
