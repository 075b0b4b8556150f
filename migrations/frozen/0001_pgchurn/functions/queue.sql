CREATE OR REPLACE VIEW churn.queue (
    profile, scoring_mode, active_version, waiting, failing, oldest
) AS
    SELECT a.profile, a.scoring_mode, d.version AS active_version,
           coalesce(m.waiting, 0) AS waiting, coalesce(m.failing, 0) AS failing,
           clock_timestamp() - m.oldest AS oldest
    FROM churn.attachments a
    LEFT JOIN churn.active_deployments d ON d.attachment_id = a.attachment_id
    LEFT JOIN (
        SELECT r.attachment_id, count(*) AS waiting,
               count(*) FILTER (WHERE r.failures > 0) AS failing,
               min(r.enqueued_at) AS oldest
        FROM (
            SELECT s.attachment_id, 0 AS failures, s.enqueued_at
            FROM churn_internal.pending_profiles s
            UNION ALL
            SELECT f.attachment_id, f.failures, f.enqueued_at
            FROM churn_internal.failed_profiles f
        ) r
        GROUP BY 1
    ) m ON m.attachment_id = a.attachment_id
    WHERE a.detached_at IS NULL;
COMMENT ON VIEW churn.queue IS
    'How many customers are marked for churn.work: one row for each attachment.';
COMMENT ON COLUMN churn.queue.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.queue.scoring_mode IS
    'inline: scored by the statement that changes them; queued: marked by it.';
COMMENT ON COLUMN churn.queue.active_version IS
    'The version that scores; null: none, and all wait until there is one.';
COMMENT ON COLUMN churn.queue.waiting IS 'How many customers are marked.';
COMMENT ON COLUMN churn.queue.failing IS
    'How many of them failed to be scored; churn.health has the reasons.';
COMMENT ON COLUMN churn.queue.oldest IS 'For how long the oldest has been marked.';
GRANT SELECT ON churn.queue TO churn_loader, churn_scorer;
