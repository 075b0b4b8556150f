CREATE OR REPLACE FUNCTION churn_internal.take_failure(
    OUT message text, OUT detail text, OUT hint text, OUT sqlstate text
)
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
return GD["pgchurn"].refusals.take() if "pgchurn" in GD else None
$python$;
COMMENT ON FUNCTION churn_internal.take_failure IS
    'Why a function in Python has returned what its type does not allow; null otherwise.';
