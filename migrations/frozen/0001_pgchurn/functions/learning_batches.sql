CREATE OR REPLACE VIEW churn.learning_batches (
    "time", stream_id, profile, "position", decision, reason, since, until, n, churned,
    left_out, log_loss, mean_score, churn_rate, mean_shift, step, version, known_until,
    decided_by
) AS
    SELECT b.decided_at, b.stream_id, a.profile, b.position, b.decision, b.reason, b.since,
           b.until, b.n, b.churned, b.left_out, b.log_loss, b.mean_score,
           b.churned::double precision / nullif(b.n, 0), b.mean_shift, b.step,
           CASE WHEN b.decision = 'learned' THEN (
               SELECT l.version
               FROM churn_internal.learned_batches l
               WHERE l.stream_id = b.stream_id AND l.position >= b.position
                 AND l.version IS NOT NULL
               ORDER BY l.position LIMIT 1
           ) END,
           b.known_until, b.decided_by
    FROM churn_internal.learned_batches b
    JOIN churn_internal.learning_streams s USING (stream_id)
    JOIN churn.attachments a USING (attachment_id);
COMMENT ON VIEW churn.learning_batches IS
    'What pgchurn learn has made of each batch of outcomes, and how well its customers were '
    'scored before it was learned.';
COMMENT ON COLUMN churn.learning_batches."time" IS 'When that was decided.';
COMMENT ON COLUMN churn.learning_batches.stream_id IS 'The stream: see churn.learning.';
COMMENT ON COLUMN churn.learning_batches.profile IS 'The profile table.';
COMMENT ON COLUMN churn.learning_batches."position" IS 'Which of the stream, from 1.';
COMMENT ON COLUMN churn.learning_batches.decision IS
    'learned, or quarantined: the next one goes on from what was known before.';
COMMENT ON COLUMN churn.learning_batches.reason IS 'Why it is quarantined; null: it is not.';
COMMENT ON COLUMN churn.learning_batches.since IS 'When its first customer was scored.';
COMMENT ON COLUMN churn.learning_batches.until IS 'When its last one was.';
COMMENT ON COLUMN churn.learning_batches.n IS 'How many customers it has.';
COMMENT ON COLUMN churn.learning_batches.churned IS 'How many of them left.';
COMMENT ON COLUMN churn.learning_batches.left_out IS
    'How many more were left out: acted upon, or logged without what the version takes.';
COMMENT ON COLUMN churn.learning_batches.log_loss IS
    'Of the scores before it was learned; null: they cannot be scored.';
COMMENT ON COLUMN churn.learning_batches.mean_score IS 'The mean of these scores.';
COMMENT ON COLUMN churn.learning_batches.churn_rate IS
    'The share of them who left, which the mean score is to be.';
COMMENT ON COLUMN churn.learning_batches.mean_shift IS
    'By how much learning all of it moves the mean score; null: it was not tried.';
COMMENT ON COLUMN churn.learning_batches.step IS
    'Which share of that was learned, so that no score moves too far; null: none.';
COMMENT ON COLUMN churn.learning_batches.version IS
    'The first version that has learned it; null: none yet, or it is quarantined.';
COMMENT ON COLUMN churn.learning_batches.known_until IS
    'What was recorded of outcomes by then was learned.';
COMMENT ON COLUMN churn.learning_batches.decided_by IS 'Who ran pgchurn learn.';
GRANT SELECT ON churn.learning_batches TO churn_loader, churn_scorer;
