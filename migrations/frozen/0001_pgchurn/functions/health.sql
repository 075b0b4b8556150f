CREATE OR REPLACE VIEW churn.health (
    profile, on_error, score_timeout, active_version, failed_version, sqlstate, reason,
    customers, waiting, failures, first_failed_at, last_failed_at,
    open_alerts
) AS
    SELECT a.profile, a.on_error, a.score_timeout, d.version AS active_version,
           m.version AS failed_version, m.sqlstate, m.reason,
           coalesce(m.customers, 0) AS customers, coalesce(m.waiting, 0) AS waiting,
           coalesce(m.failures, 0) AS failures, m.first_failed_at, m.last_failed_at,
           (SELECT count(*) FROM churn.alerts l
            WHERE l.attachment_id = a.attachment_id AND l.resolved_at IS NULL) AS open_alerts
    FROM churn.attachments a
    LEFT JOIN churn.active_deployments d ON d.attachment_id = a.attachment_id
    LEFT JOIN LATERAL churn_internal.failures_of(a.attachment_id) m ON true
    WHERE a.detached_at IS NULL;
COMMENT ON VIEW churn.health IS
    'What failed to be scored, when and how often: one row for each reason, or one '
    'without a reason for an attachment where nothing failed.';
COMMENT ON COLUMN churn.health.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.health.on_error IS 'Its failure policy, keep or raise.';
COMMENT ON COLUMN churn.health.score_timeout IS 'How long one call of its model may take.';
COMMENT ON COLUMN churn.health.active_version IS 'The version that scores; null: none.';
COMMENT ON COLUMN churn.health.failed_version IS 'The version that failed.';
COMMENT ON COLUMN churn.health.sqlstate IS 'What kind of failure it was.';
COMMENT ON COLUMN churn.health.reason IS 'The message that came with it.';
COMMENT ON COLUMN churn.health.customers IS 'How many customers it met.';
COMMENT ON COLUMN churn.health.waiting IS
    'How many of them were not scored since; churn.repair scores them again.';
COMMENT ON COLUMN churn.health.failures IS 'How often it failed.';
COMMENT ON COLUMN churn.health.first_failed_at IS 'When it failed first.';
COMMENT ON COLUMN churn.health.last_failed_at IS 'When it failed last.';
COMMENT ON COLUMN churn.health.open_alerts IS
    'How many alerts of the table are open, whatever its failures; see churn.open_alerts.';
GRANT SELECT ON churn.health TO churn_loader, churn_scorer;
