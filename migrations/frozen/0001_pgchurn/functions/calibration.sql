CREATE OR REPLACE VIEW churn.calibration (
    "time", since, profile, version, customers, bin, score, left_share, lower, upper,
    difference, "limit", n, verdict, detail
) AS
    WITH told AS NOT MATERIALIZED (
        SELECT r.*, r.metric = 'calibration' AS is_bin,
               coalesce(r.feature = 'all' OR starts_with(r.feature, 'all, '), false) AS is_all
        FROM churn.monitor_results r
        WHERE r.metric IN ('calibration', 'calibration_in_the_large')
    ),
    calibrated AS (
        SELECT 'not acted upon' AS customers, t.* FROM told t WHERE NOT t.is_all
        UNION ALL
        SELECT 'all' AS customers, t.*
        FROM told t
        WHERE t.is_all OR NOT EXISTS (
            -- Nobody was acted upon.
            SELECT FROM churn.monitor_results a
            WHERE a.attachment_id = t.attachment_id AND a.until = t.until
              AND a.metric = 'calibration_in_the_large' AND a.since = t.since
              AND a.feature = 'all' AND a.version IS NOT DISTINCT FROM t.version
        )
    )
    SELECT c.until AS "time", c.since, t.profile, c.version, c.customers,
           CASE WHEN c.is_bin THEN replace(c.feature, 'all, ', '') END AS bin,
           s.score,
           CASE WHEN c.is_bin THEN c.value ELSE s.score + c.value END AS left_share,
           CASE WHEN c.is_bin THEN c.lower ELSE s.score + c.lower END AS lower,
           CASE WHEN c.is_bin THEN c.upper ELSE s.score + c.upper END AS upper,
           CASE WHEN c.is_bin THEN c.value - s.score ELSE c.value END AS difference,
           CASE WHEN NOT c.is_bin THEN c."limit" END AS "limit",
           c.n, c.verdict, c.detail
    FROM calibrated c
    JOIN churn.attachments t ON t.attachment_id = c.attachment_id
    CROSS JOIN LATERAL (
        SELECT sum(b.n * b."limit") / sum(b.n) AS score
        FROM told b
        WHERE b.is_bin AND b.attachment_id = c.attachment_id AND b.until = c.until
          AND b.since = c.since AND b.version IS NOT DISTINCT FROM c.version
          AND b.is_all = c.is_all AND (NOT c.is_bin OR b.feature = c.feature)
    ) s
    WHERE t.detached_at IS NULL
    ORDER BY c.until DESC, c.version, c.customers DESC, c.result_id;
COMMENT ON VIEW churn.calibration IS
    'Whether as many customers left as their scores say, window by window of churn.monitor: '
    'one row for each tenth of the scores, and one for all of them; with those who were '
    'acted upon and without.';
COMMENT ON COLUMN churn.calibration."time" IS 'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.calibration.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.calibration.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.calibration.version IS 'The version that gave the scores.';
COMMENT ON COLUMN churn.calibration.customers IS
    'Of whom: not acted upon, who are judged, or all.';
COMMENT ON COLUMN churn.calibration.bin IS
    'The scores from and below which; null: all scores.';
COMMENT ON COLUMN churn.calibration.score IS 'The mean score; null: not mature yet.';
COMMENT ON COLUMN churn.calibration.left_share IS 'The share who left.';
COMMENT ON COLUMN churn.calibration.lower IS
    'That share is known to be from here: Wilson''s score interval of 95%.';
COMMENT ON COLUMN churn.calibration.upper IS 'To here.';
COMMENT ON COLUMN churn.calibration.difference IS 'The share who left, less the mean score.';
COMMENT ON COLUMN churn.calibration."limit" IS
    'From which difference on it is a finding; null: it is never.';
COMMENT ON COLUMN churn.calibration.n IS 'How many customers it was measured on.';
COMMENT ON COLUMN churn.calibration.verdict IS
    'ok; finding: too many or too few of all left to be chance; too few: customers to tell; '
    'not judged: it is told for information, or not mature.';
COMMENT ON COLUMN churn.calibration.detail IS
    'The same in words, or when it will be mature; null: nothing to add.';
GRANT SELECT ON churn.calibration TO churn_loader, churn_scorer;
