CREATE OR REPLACE FUNCTION churn_internal.plain_snapshot() RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN CASE
    -- What the transaction itself has done is no part of its snapshot.
    WHEN pg_current_xact_id_if_assigned() IS NULL OR NOT churn_internal.has_changed_models()
        THEN pg_current_snapshot()::text
END;
COMMENT ON FUNCTION churn_internal.plain_snapshot IS
    'The snapshot of a statement, if nothing but that tells which models and keys it sees, '
    'where churn_internal.tells_by_snapshot says so; else null.';
GRANT EXECUTE ON FUNCTION churn_internal.plain_snapshot TO churn_scorer, churn_loader;
