CREATE OR REPLACE VIEW churn.score_drift (
    "time", since, profile, version, metric, feature, value, lower, upper, "limit", n, verdict,
    detail
) AS
    SELECT r.until, r.since, a.profile, r.version, r.metric, r.feature, r.value, r.lower,
           r.upper, r."limit", r.n, r.verdict, r.detail
    FROM churn.monitor_results r
    JOIN churn.attachments a ON a.attachment_id = r.attachment_id
    WHERE r.metric IN ('score_psi', 'mean_score', 'mean_score_change')
      AND a.detached_at IS NULL
    ORDER BY r.until DESC, r.result_id;
COMMENT ON VIEW churn.score_drift IS
    'Whether scores are distributed as when their version was registered, their mean, and what '
    'has changed it: some rows for each window of churn.monitor and version, the last window '
    'first.';
COMMENT ON COLUMN churn.score_drift."time" IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.score_drift.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.score_drift.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.score_drift.version IS
    'The version that gave the scores; null: there was none in this window.';
COMMENT ON COLUMN churn.score_drift.metric IS
    'score_psi; mean_score; mean_score_change, of which the sum over all features is the '
    'difference of two means, of the rows that were explained and of the reference''s.';
COMMENT ON COLUMN churn.score_drift.feature IS
    'The feature whose part in the change it is; null in the other rows.';
COMMENT ON COLUMN churn.score_drift.value IS
    'Population stability index against the version''s reference; the mean score; or points of '
    'probability.';
COMMENT ON COLUMN churn.score_drift.lower IS
    'Of the mean score: from here to upper the mean of so many rows is in 95 of 100 cases, '
    'going by the reference''s scores. Of points where those of all rows are in 95 of 100 '
    'cases, going by the rows that were explained.';
COMMENT ON COLUMN churn.score_drift.upper IS 'See lower.';
COMMENT ON COLUMN churn.score_drift."limit" IS
    'From which value on it can be a finding; null: it is none.';
COMMENT ON COLUMN churn.score_drift.n IS 'How many rows there were, or were explained.';
COMMENT ON COLUMN churn.score_drift.verdict IS
    'ok; finding: it reached the limit, and not by chance; too few: rows to tell; not judged: '
    'it is told for information.';
COMMENT ON COLUMN churn.score_drift.detail IS
    'Of the mean score which features have changed it, where the version is explained; of a '
    'finding which scores have become more or less frequent; else what it takes to tell.';
GRANT SELECT ON churn.score_drift TO churn_loader, churn_scorer;
