CREATE OR REPLACE VIEW churn.data_quality (
    "time", since, profile, version, metric, feature, value, lower, upper, "limit", n, verdict,
    detail
) AS
    SELECT r.until, r.since, a.profile, r.version, r.metric, r.feature, r.value, r.lower,
           r.upper, r."limit", r.n, r.verdict, r.detail
    FROM churn.monitor_results r
    JOIN churn.attachments a ON a.attachment_id = r.attachment_id
    WHERE r.metric IN ('null_rate', 'unseen_rate', 'out_of_range_rate')
      AND a.detached_at IS NULL
    ORDER BY r.until DESC, r.result_id;
COMMENT ON VIEW churn.data_quality IS
    'Which share of inputs is null, of a category that was not there when a version was '
    'registered, or out of the range that numbers had then: a row for each window of '
    'churn.monitor, version, feature and metric, the last window first, and of that findings.';
COMMENT ON COLUMN churn.data_quality."time" IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.data_quality.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.data_quality.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.data_quality.version IS 'The version that was given these values.';
COMMENT ON COLUMN churn.data_quality.metric IS
    'null_rate; unseen_rate of texts and out_of_range_rate of numbers, of those that are known.';
COMMENT ON COLUMN churn.data_quality.feature IS 'The feature''s name.';
COMMENT ON COLUMN churn.data_quality.value IS 'The share, 0 to 1; null: it was not measured.';
COMMENT ON COLUMN churn.data_quality.lower IS
    'From here to upper it may be by chance, going by the reference.';
COMMENT ON COLUMN churn.data_quality.upper IS 'See lower.';
COMMENT ON COLUMN churn.data_quality."limit" IS
    'From which share on it is a finding; null: no share of so few rows is, or none at all.';
COMMENT ON COLUMN churn.data_quality.n IS 'Of how many rows it is the share.';
COMMENT ON COLUMN churn.data_quality.verdict IS
    'ok; finding: it reached the limit; too few: rows to tell; not judged: see detail.';
COMMENT ON COLUMN churn.data_quality.detail IS
    'The finding in words; else what it takes to tell, or why that cannot be told.';
GRANT SELECT ON churn.data_quality TO churn_loader, churn_scorer;
