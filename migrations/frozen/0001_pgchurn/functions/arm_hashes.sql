CREATE OR REPLACE FUNCTION churn_internal.arm_hashes(bytea[], bigint) RETURNS integer[]
LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.arm_hashes
return call(*args)
$python$;
COMMENT ON FUNCTION churn_internal.arm_hashes IS
    'For each of some keys its place among 65,536, given their bytes and a salt: see '
    'churn_internal.in_arm.';
