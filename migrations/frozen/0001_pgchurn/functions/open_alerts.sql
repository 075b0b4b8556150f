CREATE OR REPLACE VIEW churn.open_alerts (
    "time", profile, alert_id, version, metric, feature, value, "limit", n, windows,
    last_finding_at, detail, acknowledged_at, acknowledged_by
) AS
    SELECT l.opened_at AS "time", a.profile, l.alert_id, l.version, l.metric, l.feature,
           l.value, l."limit", l.n, l.windows, l.last_finding_at, l.detail,
           l.acknowledged_at, l.acknowledged_by
    FROM churn.alerts l
    JOIN churn.attachments a ON a.attachment_id = l.attachment_id
    WHERE l.resolved_at IS NULL AND a.detached_at IS NULL;
COMMENT ON VIEW churn.open_alerts IS
    'Findings of churn.monitor that last: one row for each alert that is open.';
COMMENT ON COLUMN churn.open_alerts."time" IS 'Since when it is open.';
COMMENT ON COLUMN churn.open_alerts.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.open_alerts.alert_id IS 'What churn.acknowledge_alert takes.';
COMMENT ON COLUMN churn.open_alerts.version IS
    'The version whose scores were looked at; null: no version gave them.';
COMMENT ON COLUMN churn.open_alerts.metric IS 'What is out of its limits.';
COMMENT ON COLUMN churn.open_alerts.feature IS 'Of which feature; null: of none.';
COMMENT ON COLUMN churn.open_alerts.value IS
    'What was measured in the last window with a finding.';
COMMENT ON COLUMN churn.open_alerts."limit" IS 'The limit there; null: there is none.';
COMMENT ON COLUMN churn.open_alerts.n IS 'How many rows that was measured on.';
COMMENT ON COLUMN churn.open_alerts.windows IS
    'In how many windows there was a finding so far.';
COMMENT ON COLUMN churn.open_alerts.last_finding_at IS
    'The end of the last window with a finding.';
COMMENT ON COLUMN churn.open_alerts.detail IS 'The finding in words.';
COMMENT ON COLUMN churn.open_alerts.acknowledged_at IS
    'When somebody took note of it; null: nobody has.';
COMMENT ON COLUMN churn.open_alerts.acknowledged_by IS 'Who did.';
GRANT SELECT ON churn.open_alerts TO churn_loader, churn_scorer;
