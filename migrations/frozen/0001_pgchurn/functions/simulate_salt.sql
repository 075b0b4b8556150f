CREATE OR REPLACE FUNCTION churn_internal.simulate_salt(
    history bytea, keys bytea[], salt bigint, share integer, expected bigint,
    effect double precision
) RETURNS TABLE (
    is_called churn_internal.required_boolean, is_mismatched boolean, is_found boolean,
    found_on integer
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].experimenting.simulate(history, keys, salt, share, expected, effect)
$python$;
COMMENT ON FUNCTION churn_internal.simulate_salt IS
    'What would have been said of an experiment on customers of the past with this salt: with '
    'no difference between the arms, and with one.';
