CREATE OR REPLACE FUNCTION churn_internal.has_changed_models() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
-- Who asks may not name what is in churn_trust.
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN current_setting('track_counts') = 'off' OR 0 <> (
        pg_stat_get_xact_tuples_inserted('churn.deployments'::regclass)
        + pg_stat_get_xact_tuples_updated('churn.deployments'::regclass)
        + pg_stat_get_xact_tuples_deleted('churn.deployments'::regclass)
        + pg_stat_get_xact_tuples_inserted('churn.models'::regclass)
        + pg_stat_get_xact_tuples_updated('churn.models'::regclass)
        + pg_stat_get_xact_tuples_deleted('churn.models'::regclass)
        + pg_stat_get_xact_tuples_inserted('churn_trust.trusted_keys'::regclass)
        + pg_stat_get_xact_tuples_updated('churn_trust.trusted_keys'::regclass)
        + pg_stat_get_xact_tuples_deleted('churn_trust.trusted_keys'::regclass)
        + pg_stat_get_xact_tuples_inserted('churn_trust.allowed_pickles'::regclass)
        + pg_stat_get_xact_tuples_updated('churn_trust.allowed_pickles'::regclass)
        + pg_stat_get_xact_tuples_deleted('churn_trust.allowed_pickles'::regclass)
    );
END $body$;
COMMENT ON FUNCTION churn_internal.has_changed_models IS
    'Whether this transaction has activated, trusted or deleted anything that scoring depends '
    'on, or may have, also if it was rolled back to a savepoint since.';
GRANT EXECUTE ON FUNCTION churn_internal.has_changed_models TO churn_scorer, churn_loader;

CREATE OR REPLACE FUNCTION churn_internal.plain_snapshot() RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN CASE
    -- There a snapshot lists no transactions that are under way.
    WHEN current_setting('in_hot_standby') = 'on' THEN NULL
    -- The server has to know that it depends on what is active, so it has to read that.
    WHEN current_setting('transaction_isolation') = 'serializable' THEN NULL
    -- What the transaction itself has done is no part of its snapshot.
    WHEN pg_current_xact_id_if_assigned() IS NULL OR NOT churn_internal.has_changed_models()
        THEN pg_current_snapshot()::text
END;
COMMENT ON FUNCTION churn_internal.plain_snapshot IS
    'The snapshot of a statement, if that tells which models and keys it sees; else null.';
GRANT EXECUTE ON FUNCTION churn_internal.plain_snapshot TO churn_scorer, churn_loader;
