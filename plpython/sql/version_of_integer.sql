-- Integers, which most keys are, are spared two conversions.
CREATE OR REPLACE FUNCTION churn_internal.version_of_integer(bytea, bigint) RETURNS bigint
LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.version_of_arm
return call(*args)
$python$;
COMMENT ON FUNCTION churn_internal.version_of_integer IS
    'The version of a release that scores a customer, given churn.deployments.arms and a '
    'key that is an integer: as churn_internal.version_of_arm, given its digits.';
