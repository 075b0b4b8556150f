CREATE OR REPLACE VIEW churn.learning (
    stream_id, profile, base_version, half_life, min_batch, since, learned, quarantined,
    in_a_row, learned_until, version, started_by, started_at, ended_at
) AS
    SELECT s.stream_id, a.profile, s.base_version, s.half_life, s.min_batch, s.since,
           b.learned, b.quarantined, b.in_a_row, b.learned_until, b.version, s.started_by,
           s.started_at, s.ended_at
    FROM churn_internal.learning_streams s
    JOIN churn.attachments a USING (attachment_id)
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE l.decision = 'learned') AS learned,
               count(*) FILTER (WHERE l.decision = 'quarantined') AS quarantined,
               count(*) FILTER (WHERE l.decision = 'quarantined' AND l.position > (
                   SELECT coalesce(max(k.position), 0)
                   FROM churn_internal.learned_batches k
                   WHERE k.stream_id = s.stream_id AND k.decision = 'learned'
               )) AS in_a_row,
               max(l.until) FILTER (WHERE l.decision = 'learned') AS learned_until,
               max(l.version) AS version
        FROM churn_internal.learned_batches l WHERE l.stream_id = s.stream_id
    ) b;
COMMENT ON VIEW churn.learning IS
    'What churn.set_learning was asked for, and how far pgchurn learn has come.';
COMMENT ON COLUMN churn.learning.stream_id IS 'The number that churn.set_learning returned.';
COMMENT ON COLUMN churn.learning.profile IS 'The profile table.';
COMMENT ON COLUMN churn.learning.base_version IS 'The version from which learning started.';
COMMENT ON COLUMN churn.learning.half_life IS
    'After which time an outcome weighs half as much.';
COMMENT ON COLUMN churn.learning.min_batch IS 'Of how many customers a batch is.';
COMMENT ON COLUMN churn.learning.since IS
    'From when on customers were scored whose outcomes are learned.';
COMMENT ON COLUMN churn.learning.learned IS 'How many batches were learned.';
COMMENT ON COLUMN churn.learning.quarantined IS 'How many are quarantined.';
COMMENT ON COLUMN churn.learning.in_a_row IS
    'How many of these are the last ones: since then nothing was learned.';
COMMENT ON COLUMN churn.learning.learned_until IS
    'When the last customer was scored of whom was learned; null: none.';
COMMENT ON COLUMN churn.learning.version IS 'The newest version that was registered; null: none.';
COMMENT ON COLUMN churn.learning.started_by IS 'Who asked for it.';
COMMENT ON COLUMN churn.learning.started_at IS 'When.';
COMMENT ON COLUMN churn.learning.ended_at IS
    'When another one took its place, or learning was switched off; null: it goes on.';
GRANT SELECT ON churn.learning TO churn_loader, churn_scorer;
