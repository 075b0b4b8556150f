CREATE OR REPLACE FUNCTION churn_internal.base_of_version(
    version bigint, OUT base double precision, OUT probability churn_internal.probability
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].explaining.base(version)
$python$;
COMMENT ON FUNCTION churn_internal.base_of_version IS
    'What the explanations of a version start from, for churn.explain_base.';
GRANT EXECUTE ON FUNCTION churn_internal.base_of_version TO churn_scorer, churn_loader;
