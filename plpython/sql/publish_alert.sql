CREATE OR REPLACE FUNCTION churn_internal.publish_alert(alert churn.alerts, event text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
-- So that every digit is written, whatever the session has its floats print.
SET extra_float_digits = 1 AS $body$
DECLARE
    attachment churn.attachments;
    profile_name text;
BEGIN
    SELECT a.* INTO attachment
    FROM churn.attachments a WHERE a.attachment_id = alert.attachment_id;
    profile_name := churn_internal.table_name(attachment.profile);
    IF attachment.outbox <> 'off' THEN
        INSERT INTO churn.alert_outbox (
            change_id, attachment_id, profile, event, alert_id, version, metric, feature,
            value, "limit", n, windows, detail, opened_at, resolved_at
        )
        VALUES (
            nextval(pg_get_serial_sequence('churn.outbox', 'change_id')),
            alert.attachment_id, profile_name, event, alert.alert_id, alert.version,
            alert.metric, alert.feature, alert.value, alert."limit", alert.n, alert.windows,
            alert.detail, alert.opened_at, alert.resolved_at
        );
    END IF;
    IF attachment.notifications <> 'off' THEN
        -- Without the detail, which may be of any length: the server refuses a notification of
        -- 8000 bytes.
        PERFORM pg_notify('churn_alerts', json_build_object(
            'profile', profile_name, 'event', event, 'alert_id', alert.alert_id,
            'version', alert.version, 'metric', alert.metric, 'feature', alert.feature,
            'value', alert.value, 'limit', alert."limit", 'n', alert.n,
            'opened_at', alert.opened_at, 'resolved_at', alert.resolved_at
        )::text);
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.publish_alert IS
    'Tells consumers that an alert was opened or resolved, where an attachment tells them of '
    'scores.';
