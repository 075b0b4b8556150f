CREATE OR REPLACE FUNCTION churn_internal.features_of_version(version bigint, typical_values jsonb)
RETURNS TABLE (
    feature churn_internal.required_text, contribution double precision,
    importance double precision, typical text
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].explaining.features(version, typical_values)
$python$;
COMMENT ON FUNCTION churn_internal.features_of_version IS
    'What a version goes by, for churn.global_explain.';
GRANT EXECUTE ON FUNCTION churn_internal.features_of_version TO churn_scorer, churn_loader;
