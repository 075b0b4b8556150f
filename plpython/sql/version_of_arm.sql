-- The parameters have no names, as those of churn_internal.score_changed.
CREATE OR REPLACE FUNCTION churn_internal.version_of_arm(bytea, bytea) RETURNS bigint
LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.version_of_arm
return call(*args)
$python$;
COMMENT ON FUNCTION churn_internal.version_of_arm IS
    'The version of a release that scores a customer, given churn.deployments.arms and the '
    'bytes of the key as the profile stores it.';
