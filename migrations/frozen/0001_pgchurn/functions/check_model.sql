CREATE OR REPLACE FUNCTION churn_internal.check_model(version bigint)
RETURNS churn_internal.required_boolean
LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].admission.check_model
return call(version)
$python$;
COMMENT ON FUNCTION churn_internal.check_model IS
    'An error unless a version loads here and its profile has the features it needs.';
