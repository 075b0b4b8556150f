CREATE OR REPLACE FUNCTION churn_internal.load_examination() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE
AS $python$
@examination_source@
$python$;
COMMENT ON FUNCTION churn_internal.load_examination() IS
    'Holds what the process that judges a candidate runs after the runtime; never called.';
ALTER FUNCTION churn_internal.load_examination() OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.load_examination() FROM PUBLIC;
