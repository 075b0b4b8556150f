CREATE OR REPLACE FUNCTION churn_runtime.bytecode() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What Python has compiled of other modules, after churn_internal.compile_runtime.

The function that holds this text holds it then, and is never called.
"""
$python$;
COMMENT ON FUNCTION churn_runtime.bytecode IS 'What Python has compiled of other modules, after churn_internal.compile_runtime.';
