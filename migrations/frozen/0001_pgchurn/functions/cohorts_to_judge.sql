CREATE OR REPLACE FUNCTION churn_internal.cohorts_to_judge(
    attachment churn.attachments, until timestamptz
) RETURNS TABLE (since timestamptz, until timestamptz, is_due boolean)
LANGUAGE sql STABLE PARALLEL UNSAFE SET timezone = 'UTC'
BEGIN ATOMIC
    SELECT w.since, w.until, NOT w.was_due
    FROM (
        SELECT r.since, r.until,
               bool_or(r.metric = 'calibration_in_the_large' AND r.verdict = 'not judged')
                   AS is_pending,
               EXISTS (
                   SELECT FROM churn.monitor_results e
                   WHERE e.attachment_id = (attachment).attachment_id
                     AND e.until >= r.until + (attachment).horizon
                     AND e.until < cohorts_to_judge.until
               ) AS was_due
        FROM churn.monitor_results r
        WHERE r.attachment_id = (attachment).attachment_id
          AND r.until + (attachment).horizon <= cohorts_to_judge.until
          AND r.metric IN ('estimated_log_loss', 'calibration_in_the_large')
        GROUP BY r.since, r.until
        HAVING bool_or(r.metric = 'estimated_log_loss')
    ) w
    WHERE w.is_pending OR NOT w.was_due
    ORDER BY w.until, w.since;
END;
COMMENT ON FUNCTION churn_internal.cohorts_to_judge IS
    'The windows of churn.monitor whose horizon has passed at a time: those that no window '
    'before was late enough for, and those that could not be judged then.';
