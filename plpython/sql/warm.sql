CREATE OR REPLACE FUNCTION churn.warm() RETURNS integer LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN churn_internal.warm_session();
COMMENT ON FUNCTION churn.warm IS
    'Loads the packages and active models into this session; returns how many models.';
GRANT EXECUTE ON FUNCTION churn.warm TO churn_scorer, churn_loader, churn_application;
