CREATE OR REPLACE VIEW churn.rescore_progress (
    profile, run_id, version, state, rows_done, rows_expected, workers,
    rows_per_second, time_left, started_by, started_at, ended_at
) AS
    SELECT a.profile, r.run_id, d.version,
           coalesce(
               r.outcome, CASE WHEN w.workers > 0 THEN 'running' ELSE 'interrupted' END
           ) AS state,
           coalesce(r.rows_done, g.rows_done) AS rows_done,
           CASE WHEN r.outcome = 'done' THEN r.rows_done
                ELSE greatest(r.rows_expected, g.rows_done)
           END AS rows_expected,
           w.workers, s.rows_per_second,
           -- Rounded up: no time is left only where no rows are.
           ceil(greatest(r.rows_expected - g.rows_done, 0) / nullif(s.rows_per_second, 0))
           * interval '1 s' AS time_left,
           r.started_by, r.started_at, r.ended_at
    FROM churn_internal.rescore_runs r
    JOIN churn.attachments a ON a.attachment_id = r.attachment_id
    JOIN churn.deployments d ON d.deployment_id = r.deployment_id
    LEFT JOIN LATERAL (
        SELECT sum(g.rows_done)::bigint AS rows_done, sum(g.worked) AS worked
        FROM churn_internal.rescore_ranges g WHERE g.run_id = r.run_id
    ) g ON true
    -- The locks of churn_internal.note_worker.
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT n.pid) AS workers
        FROM pg_catalog.pg_locks l
        JOIN pg_catalog.pg_locks n ON n.pid = l.pid AND n.database = l.database
        WHERE l.locktype = 'relation' AND l.mode = 'RowShareLock' AND l.granted
          AND l.relation = 'churn_internal.rescore_runs'::regclass
          AND l.database = (SELECT b.oid FROM pg_catalog.pg_database b
                            WHERE b.datname = current_database())
          AND n.locktype = 'advisory' AND n.objsubid = 2 AND r.ended_at IS NULL
          AND n.classid = (
            'churn_internal.rescore_runs'::regclass::oid::bigint # r.run_id
          )::bit(32)::bigint::oid
    ) w
    CROSS JOIN LATERAL (
        SELECT round(g.rows_done / nullif(extract(epoch FROM g.worked), 0) * w.workers)
    ) s (rows_per_second)
    WHERE a.detached_at IS NULL;
COMMENT ON VIEW churn.rescore_progress IS
    'How far the scoring of whole tables is: one row for each run of an attachment.';
COMMENT ON COLUMN churn.rescore_progress.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.rescore_progress.run_id IS 'The run; the newest is the greatest.';
COMMENT ON COLUMN churn.rescore_progress.version IS 'The version that scores.';
COMMENT ON COLUMN churn.rescore_progress.state IS
    'running; interrupted: CALL churn.rescore goes on with it; done; or abandoned for '
    'another run.';
COMMENT ON COLUMN churn.rescore_progress.rows_done IS 'How many rows are done.';
COMMENT ON COLUMN churn.rescore_progress.rows_expected IS
    'About how many there are; in the end as many as were done.';
COMMENT ON COLUMN churn.rescore_progress.workers IS 'How many sessions are at it.';
COMMENT ON COLUMN churn.rescore_progress.rows_per_second IS
    'How fast they all are together, going by the run so far.';
COMMENT ON COLUMN churn.rescore_progress.time_left IS
    'How long they will need for the rest; null: nobody is at it, or no batch is done.';
COMMENT ON COLUMN churn.rescore_progress.started_by IS 'Who started it.';
COMMENT ON COLUMN churn.rescore_progress.started_at IS 'When it was started.';
COMMENT ON COLUMN churn.rescore_progress.ended_at IS 'When it ended.';
GRANT SELECT ON churn.rescore_progress TO churn_loader, churn_scorer;
