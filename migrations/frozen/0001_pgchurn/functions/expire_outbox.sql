CREATE OR REPLACE FUNCTION churn.expire_outbox(older_than interval) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    expired bigint;
    expired_alerts bigint;
BEGIN
    IF older_than IS NULL OR older_than < interval '0' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('older_than must be an interval of at least 0, not %s',
                             coalesce(older_than::text, 'null'));
    END IF;
    DELETE FROM churn.outbox o WHERE o.scored_at < now() - older_than;
    GET DIAGNOSTICS expired = ROW_COUNT;
    DELETE FROM churn.alert_outbox o WHERE o.told_at < now() - older_than;
    GET DIAGNOSTICS expired_alerts = ROW_COUNT;
    RETURN expired + expired_alerts;
END $body$;
COMMENT ON FUNCTION churn.expire_outbox IS
    'Removes rows of churn.outbox and churn.alert_outbox that are older; returns how many. What '
    'a replication slot has still to send is sent all the same.';
GRANT EXECUTE ON FUNCTION churn.expire_outbox TO churn_loader;
