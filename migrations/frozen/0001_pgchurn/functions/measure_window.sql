CREATE OR REPLACE FUNCTION churn_internal.measure_window(
    profile regclass, since timestamptz, until timestamptz
) RETURNS SETOF churn.monitor_results
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
-- All rows are wanted, not the first of them soon.
SET cursor_tuple_fraction = 1 AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    cut CONSTANT timestamptz := coalesce(measure_window.until, now());
    beginning timestamptz := measure_window.since;
    from_log boolean;
    opened refcursor;
    last_result bigint;
BEGIN
    PERFORM churn_internal.check_isolation(
        'profiles cannot be monitored',
        'What another session measured after it began would be missed.'
    );
    -- One at a time: another one's window is where this one begins, or the same.
    LOCK TABLE churn.monitor_results IN SHARE UPDATE EXCLUSIVE MODE;
    IF beginning IS NULL THEN
        SELECT coalesce(max(r.until), cut - interval '1 day') INTO beginning
        FROM churn.monitor_results r
        WHERE r.attachment_id = attachment.attachment_id AND r.until < cut;
    END IF;
    IF NOT isfinite(cut) OR NOT isfinite(beginning) OR beginning >= cut THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('a window from %s until %s is none', beginning, cut),
            HINT = 'Pass a beginning that is before the end.';
    END IF;
    SELECT max(r.result_id) INTO last_result
    FROM churn.monitor_results r WHERE r.attachment_id = attachment.attachment_id;

    DELETE FROM churn.monitor_results r
    WHERE r.attachment_id = attachment.attachment_id
      AND r.since = beginning AND r.until = cut AND r.metric IN (
        'psi', 'null_rate', 'unseen_rate', 'out_of_range_rate',
        'score_psi', 'mean_score', 'mean_score_change'
      );
    from_log := attachment.log_rate > 0 OR EXISTS (
        SELECT FROM churn.predictions p
        WHERE p.attachment_id = attachment.attachment_id
          AND p.predicted_at >= beginning AND p.predicted_at < cut
    );
    -- Here, because PL/Python spells statements in UTF-8, whatever the database's encoding.
    OPEN opened FOR EXECUTE (
        SELECT churn_internal.monitored_rows(attachment, from_log, beginning, cut)
    );
    INSERT INTO churn.monitor_results (
        attachment_id, version, since, until, metric, feature, value, lower, upper, "limit",
        n, verdict, detail
    )
    SELECT attachment.attachment_id, d.version, beginning, cut, d.metric, d.feature, d.value,
           d.lower, d.upper, d."limit", d.n, d.verdict, d.detail
    FROM churn_internal.measure_drift(opened, from_log) d;
    CLOSE opened;
    PERFORM churn_internal.record_performance(attachment, beginning, cut);
    PERFORM churn_internal.update_alerts(attachment.attachment_id, cut);
    RETURN QUERY
    SELECT r.*
    FROM churn.monitor_results r
    WHERE r.attachment_id = attachment.attachment_id
      AND r.result_id > coalesce(last_result, 0)
    ORDER BY r.version NULLS FIRST, r.result_id;
END $body$;
COMMENT ON FUNCTION churn_internal.measure_window IS
    'Measures a window for churn.monitor; returns the rows of churn.monitor_results that it '
    'wrote.';
GRANT EXECUTE ON FUNCTION churn_internal.measure_window TO churn_loader;
