CREATE OR REPLACE FUNCTION churn.create_from_template(template text, placeholders jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    EXECUTE churn.fill_template(template, placeholders);
END
$body$;
COMMENT ON FUNCTION churn.create_from_template IS
    'Executes the statements of a filled template.';
ALTER FUNCTION churn.create_from_template OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.create_from_template FROM PUBLIC;
