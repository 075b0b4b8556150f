CREATE OR REPLACE VIEW churn.performance (
    "time", since, profile, version, customers, metric, estimated, realised, lower, upper,
    "limit", n, verdict, detail
) AS
    WITH figures AS NOT MATERIALIZED (
        SELECT r.*, starts_with(r.metric, 'estimated_') AS is_estimate,
               split_part(r.metric, 'd_', 2) AS figure
        FROM churn.monitor_results r
        WHERE starts_with(r.metric, 'estimated_') OR starts_with(r.metric, 'realised_')
    ),
    realised AS (
        SELECT 'not acted upon' AS customers, f.*
        FROM figures f WHERE NOT f.is_estimate AND f.feature IS NULL
        UNION ALL
        SELECT 'all' AS customers, f.*
        FROM figures f
        WHERE NOT f.is_estimate AND (f.feature = 'all' OR NOT EXISTS (
            -- Nobody was acted upon.
            SELECT FROM churn.monitor_results a
            WHERE a.attachment_id = f.attachment_id AND a.until = f.until
              AND a.metric = f.metric AND a.since = f.since AND a.feature = 'all'
              AND a.version IS NOT DISTINCT FROM f.version
        ))
    )
    SELECT r.until AS "time", r.since, t.profile, r.version, r.customers, r.figure AS metric,
           e.value AS estimated, r.value AS realised, coalesce(r.lower, e.lower) AS lower,
           coalesce(r.upper, e.upper) AS upper, r."limit", r.n, r.verdict, r.detail
    FROM realised r
    JOIN churn.attachments t ON t.attachment_id = r.attachment_id
    LEFT JOIN figures e
        ON e.is_estimate AND e.attachment_id = r.attachment_id AND e.until = r.until
       AND e.figure = r.figure AND e.since = r.since
       AND e.version IS NOT DISTINCT FROM r.version
    WHERE t.detached_at IS NULL
    ORDER BY r.until DESC, r.version, r.customers DESC, r.result_id;
COMMENT ON VIEW churn.performance IS
    'How well scores did: estimated when they were given, and realised when it was known '
    'what became of the customers; one row for each window of churn.monitor, version and '
    'metric, with those who were acted upon and without. An estimate knows nothing of what '
    'changes the probabilities themselves, which is concept drift, and what is done to keep '
    'customers: where what is realised leaves its band, that is what has happened.';
COMMENT ON COLUMN churn.performance."time" IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.performance.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.performance.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.performance.version IS 'The version that gave the scores.';
COMMENT ON COLUMN churn.performance.customers IS
    'Of whom: not acted upon, who are judged, or all.';
COMMENT ON COLUMN churn.performance.metric IS
    'roc_auc, average_precision, log_loss and brier_score as scikit-learn has them; tp, fp, fn '
    'and tn, the shares of customers who left or stayed, and were expected to by the '
    'version''s threshold.';
COMMENT ON COLUMN churn.performance.estimated IS
    'From the scores alone, recalibrated on the last customers who were mature by then; null: '
    'of too few.';
COMMENT ON COLUMN churn.performance.realised IS
    'By what became of the customers; null: not known yet, or it cannot be measured.';
COMMENT ON COLUMN churn.performance.lower IS
    'What is realised is from here with a probability of 98%, if probabilities are as estimated.';
COMMENT ON COLUMN churn.performance.upper IS 'To here.';
COMMENT ON COLUMN churn.performance."limit" IS
    'From which value on it is a finding; null: it is never.';
COMMENT ON COLUMN churn.performance.n IS 'How many customers it was measured on.';
COMMENT ON COLUMN churn.performance.verdict IS
    'ok; finding: log loss that is too far from what was estimated to be chance; too few: '
    'customers to tell; not judged: it is told for information, or not mature.';
COMMENT ON COLUMN churn.performance.detail IS
    'The same in words, or when it will be mature; null: nothing to add.';
GRANT SELECT ON churn.performance TO churn_loader, churn_scorer;
