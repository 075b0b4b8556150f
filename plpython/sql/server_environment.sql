CREATE OR REPLACE FUNCTION churn.server_environment() RETURNS jsonb
LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN churn_internal.session_environment();
COMMENT ON FUNCTION churn.server_environment IS
    'Interpreter, package versions and memory of this session.';
GRANT EXECUTE ON FUNCTION churn.server_environment TO churn_scorer, churn_loader;
