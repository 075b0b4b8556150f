CREATE OR REPLACE VIEW churn.latest_results (
    "time", profile, since, version, metric, feature, value, lower, upper, "limit", n,
    verdict, detail
) AS
    SELECT DISTINCT ON (a.attachment_id, r.version, r.metric, r.feature)
           r.until AS "time", a.profile, r.since, r.version, r.metric, r.feature, r.value,
           r.lower, r.upper, r."limit", r.n, r.verdict, r.detail
    FROM churn.attachments a
    CROSS JOIN LATERAL (
        SELECT r.until FROM churn.monitor_results r
        WHERE r.attachment_id = a.attachment_id ORDER BY r.until DESC LIMIT 1
    ) newest
    JOIN churn.monitor_results r ON r.attachment_id = a.attachment_id
        AND CASE WHEN churn_internal.needs_outcomes(r.metric) THEN r.value IS NOT NULL
                 ELSE r.until = newest.until END
    WHERE a.detached_at IS NULL AND EXISTS (
        SELECT FROM churn.monitor_results v
        WHERE v.attachment_id = a.attachment_id AND v.until = newest.until
          AND v.version IS NOT DISTINCT FROM r.version
    )
    ORDER BY a.attachment_id, r.version, r.metric, r.feature, r.until DESC, r.result_id DESC;
COMMENT ON VIEW churn.latest_results IS
    'What churn.monitor has measured last: of the newest window, and what needs outcomes of '
    'the newest that was mature.';
COMMENT ON COLUMN churn.latest_results."time" IS 'The end of the window.';
COMMENT ON COLUMN churn.latest_results.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.latest_results.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.latest_results.version IS
    'The version whose scores were looked at; null: no version gave them.';
COMMENT ON COLUMN churn.latest_results.metric IS 'What was measured.';
COMMENT ON COLUMN churn.latest_results.feature IS
    'Of which feature, or of which bin of scores; null: of none.';
COMMENT ON COLUMN churn.latest_results.value IS
    'What it was; null: it could not be measured.';
COMMENT ON COLUMN churn.latest_results.lower IS
    'Where the value is expected, or known to be: from here; null: not known.';
COMMENT ON COLUMN churn.latest_results.upper IS 'To here; null: not known.';
COMMENT ON COLUMN churn.latest_results."limit" IS
    'From which value on it can be a finding; null: it is none.';
COMMENT ON COLUMN churn.latest_results.n IS 'How many rows it was measured on.';
COMMENT ON COLUMN churn.latest_results.verdict IS 'ok, finding, too few or not judged.';
COMMENT ON COLUMN churn.latest_results.detail IS 'The same in words; null: nothing to add.';
GRANT SELECT ON churn.latest_results TO churn_loader, churn_scorer;
