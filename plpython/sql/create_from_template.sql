CREATE OR REPLACE FUNCTION churn_internal.create_from_template(template text, placeholders jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    quote text := '$function$';
BEGIN
    -- A column's name may hold anything, even what ends a function's body.
    WHILE position(quote IN placeholders::text) > 0 LOOP
        quote := '$function_' || md5(quote) || '$';
    END LOOP;
    EXECUTE churn_internal.fill_template(
        replace(template, '$function$', quote), placeholders
    );
END
$body$;
COMMENT ON FUNCTION churn_internal.create_from_template IS
    'Executes the statements of a filled template.';
ALTER FUNCTION churn_internal.create_from_template OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.create_from_template FROM PUBLIC;
