CREATE OR REPLACE FUNCTION churn.version() RETURNS text LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN '@release@'::text;
COMMENT ON FUNCTION churn.version() IS
    'The release of pgchurn that installed what is in this database.';
GRANT EXECUTE ON FUNCTION churn.version() TO churn_loader, churn_scorer, churn_application;
