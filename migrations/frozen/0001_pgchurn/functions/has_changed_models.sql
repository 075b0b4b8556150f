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
