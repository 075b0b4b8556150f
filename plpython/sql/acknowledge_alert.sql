CREATE OR REPLACE FUNCTION churn.acknowledge_alert(alert_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    alert churn.alerts;
BEGIN
    SELECT a.* INTO alert
    FROM churn.alerts a WHERE a.alert_id = acknowledge_alert.alert_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('alert %s does not exist',
                             coalesce(acknowledge_alert.alert_id::text, 'null')),
            HINT = 'SELECT alert_id, profile, metric, feature FROM churn.open_alerts lists '
                   'those that are open.';
    ELSIF alert.resolved_at IS NOT NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('alert %s is resolved', alert.alert_id),
            DETAIL = format('It is over since %s: %s.', alert.resolved_at, alert.resolution),
            HINT = 'SELECT alert_id, profile, metric, feature FROM churn.open_alerts lists '
                   'those that are open.';
    ELSIF alert.acknowledged_at IS NOT NULL THEN
        RAISE NOTICE 'alert % was acknowledged by % at %', alert.alert_id,
            alert.acknowledged_by, alert.acknowledged_at;
        RETURN;
    END IF;
    UPDATE churn.alerts a SET acknowledged_at = clock_timestamp(), acknowledged_by = session_user
    WHERE a.alert_id = alert.alert_id;
END $body$;
COMMENT ON FUNCTION churn.acknowledge_alert IS
    'Records that the caller has taken note of an alert: it stays open, and nothing more has '
    'to be done about knowing it.';
GRANT EXECUTE ON FUNCTION churn.acknowledge_alert TO churn_loader;
