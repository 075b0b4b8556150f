CREATE OR REPLACE FUNCTION churn_internal.tells_by_snapshot() RETURNS boolean
LANGUAGE sql STABLE PARALLEL UNSAFE
-- On a standby a snapshot lists no transactions that are under way. In SERIALIZABLE the server
-- has to know that a statement depends on what is active, so it has to read that.
RETURN current_setting('in_hot_standby') = 'off'
    AND current_setting('transaction_isolation') <> 'serializable';
COMMENT ON FUNCTION churn_internal.tells_by_snapshot IS
    'Whether a snapshot can say which models and keys a statement of this transaction sees.';
GRANT EXECUTE ON FUNCTION churn_internal.tells_by_snapshot TO churn_scorer, churn_loader;
