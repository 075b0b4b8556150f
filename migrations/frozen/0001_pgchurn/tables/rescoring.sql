-- Scoring a whole table: what is done is recorded in the transaction that does it.
CREATE TABLE churn_internal.rescore_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    deployment_id bigint NOT NULL REFERENCES churn.deployments,
    key_order text NOT NULL,
    rows_expected bigint NOT NULL,
    rows_done bigint,
    next_batch_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_by name NOT NULL DEFAULT session_user,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('done', 'abandoned')),
    CHECK (num_nulls(rows_done, ended_at, outcome) IN (0, 3))
);
CREATE UNIQUE INDEX rescore_runs_unfinished_idx ON churn_internal.rescore_runs (attachment_id)
    WHERE ended_at IS NULL;
COMMENT ON TABLE churn_internal.rescore_runs IS
    'Each time that a whole table was scored, or is to be: one of an attachment at most '
    'is unfinished.';
COMMENT ON COLUMN churn_internal.rescore_runs.run_id IS 'Ascends.';
COMMENT ON COLUMN churn_internal.rescore_runs.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.rescore_runs.deployment_id IS
    'The deployment whose version scores; after another one the run begins anew.';
COMMENT ON COLUMN churn_internal.rescore_runs.key_order IS
    'Type and collation of the key: its ranges hold in no other order.';
COMMENT ON COLUMN churn_internal.rescore_runs.rows_expected IS
    'How many rows there were at the start, estimated from a sample if they are many.';
COMMENT ON COLUMN churn_internal.rescore_runs.rows_done IS 'How many rows were done when it ended.';
COMMENT ON COLUMN churn_internal.rescore_runs.next_batch_at IS
    'When the next batch may begin, where rows per second are limited.';
COMMENT ON COLUMN churn_internal.rescore_runs.started_by IS 'Who started it.';
COMMENT ON COLUMN churn_internal.rescore_runs.started_at IS 'When it was started.';
COMMENT ON COLUMN churn_internal.rescore_runs.ended_at IS 'When it ended; null: it is unfinished.';
COMMENT ON COLUMN churn_internal.rescore_runs.outcome IS
    'done, or abandoned for another run or because the table was detached.';
ALTER TABLE churn_internal.rescore_runs OWNER TO churn_owner;

CREATE TABLE churn_internal.rescore_ranges (
    run_id bigint NOT NULL REFERENCES churn_internal.rescore_runs,
    range_number integer NOT NULL,
    after_key text,
    through_key text,
    rows_done bigint NOT NULL DEFAULT 0,
    worked interval NOT NULL DEFAULT '0',
    finished boolean NOT NULL DEFAULT false,
    PRIMARY KEY (run_id, range_number)
);
COMMENT ON TABLE churn_internal.rescore_ranges IS
    'The ranges of keys of unfinished runs. A worker holds the lock of a row while it '
    'scores the next batch of its range.';
COMMENT ON COLUMN churn_internal.rescore_ranges.run_id IS 'The run.';
COMMENT ON COLUMN churn_internal.rescore_ranges.range_number IS 'Ascends with the keys, from 1.';
COMMENT ON COLUMN churn_internal.rescore_ranges.after_key IS
    'What is left begins after this key; null: with the first.';
COMMENT ON COLUMN churn_internal.rescore_ranges.through_key IS
    'The last key of the range; null: there is none.';
COMMENT ON COLUMN churn_internal.rescore_ranges.rows_done IS 'How many rows were done.';
COMMENT ON COLUMN churn_internal.rescore_ranges.worked IS
    'How long workers were at it, waits for a limited rate included.';
COMMENT ON COLUMN churn_internal.rescore_ranges.finished IS 'Whether nothing is left.';
ALTER TABLE churn_internal.rescore_ranges OWNER TO churn_owner;
