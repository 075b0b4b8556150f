CREATE OR REPLACE FUNCTION churn_internal.queue_lock() RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN 7242877::bigint;
COMMENT ON FUNCTION churn_internal.queue_lock IS
    'Number of the advisory lock that a worker holds while it sleeps.';
GRANT EXECUTE ON FUNCTION churn_internal.queue_lock TO churn_loader;
