CREATE OR REPLACE FUNCTION churn_internal.check_model(version bigint)
RETURNS churn_internal.required_boolean LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].admission.check_model(version)
$python$;
COMMENT ON FUNCTION churn_internal.check_model IS
    'An error unless a version loads here and its profile has the features it needs.';
