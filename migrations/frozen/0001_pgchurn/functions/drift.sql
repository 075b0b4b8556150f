CREATE OR REPLACE VIEW churn.drift (
    "time", since, profile, version, feature, value, "limit", n, verdict, detail
) AS
    SELECT r.until, r.since, a.profile, r.version, r.feature, r.value, r."limit", r.n,
           r.verdict, r.detail
    FROM churn.monitor_results r
    JOIN churn.attachments a ON a.attachment_id = r.attachment_id
    WHERE r.metric = 'psi' AND a.detached_at IS NULL
    ORDER BY r.until DESC, r.result_id;
COMMENT ON VIEW churn.drift IS
    'Whether inputs are distributed as when a version was registered: a row for each window of '
    'churn.monitor, version and feature, the last window first, and of that the features with '
    'findings, then those of which drift times importance is largest.';
COMMENT ON COLUMN churn.drift."time" IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.drift.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.drift.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.drift.version IS 'The version that was given these values.';
COMMENT ON COLUMN churn.drift.feature IS 'The feature''s name.';
COMMENT ON COLUMN churn.drift.value IS
    'Population stability index against the version''s reference, nulls being one of the bins; '
    'null: there was nothing to compare.';
COMMENT ON COLUMN churn.drift."limit" IS 'From which value on it can be a finding.';
COMMENT ON COLUMN churn.drift.n IS 'How many rows there were.';
COMMENT ON COLUMN churn.drift.verdict IS
    'ok; finding: it reached the limit, and not by chance; too few: rows to tell.';
COMMENT ON COLUMN churn.drift.detail IS
    'Of a finding which values have become more or less frequent the most; else what it takes '
    'to tell.';
GRANT SELECT ON churn.drift TO churn_loader, churn_scorer;
