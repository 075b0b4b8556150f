CREATE OR REPLACE FUNCTION churn.version()
RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN '@release@'::text;
COMMENT ON FUNCTION churn.version() IS
    'The release of pgchurn that installed what is in this database.';
ALTER FUNCTION churn.version() OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.version() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.version() TO churn_loader, churn_scorer, churn_application;
