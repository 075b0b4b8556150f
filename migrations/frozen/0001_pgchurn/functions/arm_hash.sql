-- Strict, so that it is not even called while nothing is under way: there is no salt.
CREATE OR REPLACE FUNCTION churn_internal.arm_hash(bytea, bigint) RETURNS integer
LANGUAGE plpython3u STABLE STRICT PARALLEL UNSAFE AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.arm_hash
return call(*args)
$python$;
COMMENT ON FUNCTION churn_internal.arm_hash IS
    'The place of a key among 65,536, given its bytes, in the encoding of the database, and a '
    'salt: see churn_internal.in_arm.';
