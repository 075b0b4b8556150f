CREATE OR REPLACE FUNCTION churn_internal.customers_needed(
    base_rate double precision, effect double precision, explained double precision,
    power double precision
) RETURNS double precision LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].experimenting.customers_needed(base_rate, effect, explained, power)
$python$;
COMMENT ON FUNCTION churn_internal.customers_needed IS
    'How many customers of both arms an experiment takes.';
