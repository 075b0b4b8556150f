-- What was asked for. Of an attachment the one that has not ended learns.
CREATE TABLE churn_internal.learning_streams (
    stream_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    base_version bigint NOT NULL,
    base_sha256 bytea NOT NULL,
    half_life interval NOT NULL CHECK (half_life > interval '0'),
    min_batch integer NOT NULL CHECK (min_batch BETWEEN 20 AND 100000),
    horizon interval NOT NULL,
    since timestamptz NOT NULL,
    started_by name NOT NULL DEFAULT session_user,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz
);
CREATE UNIQUE INDEX learning_streams_attachment_idx
    ON churn_internal.learning_streams (attachment_id) WHERE ended_at IS NULL;
COMMENT ON TABLE churn_internal.learning_streams IS
    'What churn.set_learning was asked for; churn.learning shows it.';
COMMENT ON COLUMN churn_internal.learning_streams.stream_id IS 'Ascends.';
COMMENT ON COLUMN churn_internal.learning_streams.attachment_id IS
    'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.learning_streams.base_version IS
    'The version from which learning starts.';
COMMENT ON COLUMN churn_internal.learning_streams.base_sha256 IS 'SHA-256 of its pickle.';
COMMENT ON COLUMN churn_internal.learning_streams.half_life IS
    'After which time an outcome weighs half as much.';
COMMENT ON COLUMN churn_internal.learning_streams.min_batch IS
    'Of how many customers a batch is.';
COMMENT ON COLUMN churn_internal.learning_streams.horizon IS
    'That of the attachment when it was asked for.';
COMMENT ON COLUMN churn_internal.learning_streams.since IS
    'From when on customers were scored whose outcomes are learned: of those before it the base '
    'version may know.';
COMMENT ON COLUMN churn_internal.learning_streams.started_by IS 'Who asked for it.';
COMMENT ON COLUMN churn_internal.learning_streams.started_at IS 'When.';
COMMENT ON COLUMN churn_internal.learning_streams.ended_at IS
    'When another one took its place, or learning was switched off; null: it goes on.';
ALTER TABLE churn_internal.learning_streams OWNER TO churn_owner;

-- No keys: nothing here has to go with a customer who is forgotten.
CREATE TABLE churn_internal.learned_batches (
    stream_id bigint NOT NULL REFERENCES churn_internal.learning_streams,
    position integer NOT NULL,
    decision text NOT NULL CHECK (decision IN ('learned', 'quarantined')),
    reason text,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    last_digest text NOT NULL,
    known_until timestamptz NOT NULL,
    n integer NOT NULL,
    churned integer NOT NULL,
    left_out integer NOT NULL,
    log_loss double precision,
    mean_score double precision,
    mean_shift double precision,
    step double precision,
    rows_sha256 bytea NOT NULL,
    state_sha256 bytea NOT NULL,
    state bytea,
    version bigint,
    artifact_sha256 bytea,
    decided_by name NOT NULL DEFAULT session_user,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (stream_id, position),
    CHECK ((decision = 'quarantined') = (reason IS NOT NULL))
);
COMMENT ON TABLE churn_internal.learned_batches IS
    'What became of each batch of outcomes; churn.learning_batches shows it.';
COMMENT ON COLUMN churn_internal.learned_batches.stream_id IS
    'See churn_internal.learning_streams.';
COMMENT ON COLUMN churn_internal.learned_batches.position IS 'Which of the stream, from 1.';
COMMENT ON COLUMN churn_internal.learned_batches.decision IS 'learned or quarantined.';
COMMENT ON COLUMN churn_internal.learned_batches.reason IS 'Why it is quarantined; null: it is not.';
COMMENT ON COLUMN churn_internal.learned_batches.since IS 'When its first customer was scored.';
COMMENT ON COLUMN churn_internal.learned_batches.until IS 'When its last one was.';
COMMENT ON COLUMN churn_internal.learned_batches.last_digest IS
    'MD5 of that one''s features, which sorts customers who were scored at the same time.';
COMMENT ON COLUMN churn_internal.learned_batches.known_until IS
    'What was recorded of outcomes by then was learned.';
COMMENT ON COLUMN churn_internal.learned_batches.n IS 'How many customers it has.';
COMMENT ON COLUMN churn_internal.learned_batches.churned IS 'How many of them left.';
COMMENT ON COLUMN churn_internal.learned_batches.left_out IS
    'How many others were left out: acted upon, or logged without a feature.';
COMMENT ON COLUMN churn_internal.learned_batches.log_loss IS
    'Of the scores before it was learned; null: there are none.';
COMMENT ON COLUMN churn_internal.learned_batches.mean_score IS 'The mean of these scores.';
COMMENT ON COLUMN churn_internal.learned_batches.mean_shift IS
    'By how much learning all of it moves that mean.';
COMMENT ON COLUMN churn_internal.learned_batches.step IS
    'Which share of the step was taken, so that no score moves too far; null: none.';
COMMENT ON COLUMN churn_internal.learned_batches.rows_sha256 IS
    'SHA-256 of its customers'' features and outcomes.';
COMMENT ON COLUMN churn_internal.learned_batches.state_sha256 IS
    'SHA-256 of what is known after it.';
COMMENT ON COLUMN churn_internal.learned_batches.state IS
    'What is known after it; null: after a later one, or nothing was learned yet.';
COMMENT ON COLUMN churn_internal.learned_batches.version IS
    'The version that was registered after it; null: none.';
COMMENT ON COLUMN churn_internal.learned_batches.artifact_sha256 IS 'SHA-256 of its pickle.';
COMMENT ON COLUMN churn_internal.learned_batches.decided_by IS 'Who ran pgchurn learn.';
COMMENT ON COLUMN churn_internal.learned_batches.decided_at IS 'When.';
ALTER TABLE churn_internal.learned_batches OWNER TO churn_owner;
