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
    -- Those that score no more are left out.
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT r.version) AS versions
        FROM churn.monitor_results r
        WHERE r.attachment_id = a.attachment_id AND r.until = newest.until
    ) scoring
    CROSS JOIN LATERAL (
        SELECT r.* FROM churn.monitor_results r
        WHERE r.attachment_id = a.attachment_id AND r.until = newest.until
          AND NOT churn_internal.needs_outcomes(r.metric)
        UNION ALL
        SELECT r.* FROM churn.monitor_results r
        WHERE r.attachment_id = a.attachment_id AND r.value IS NOT NULL
          AND churn_internal.needs_outcomes(r.metric)
    ) r
    WHERE a.detached_at IS NULL AND array_position(scoring.versions, r.version) IS NOT NULL
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
