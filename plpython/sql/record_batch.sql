CREATE OR REPLACE FUNCTION churn_internal.record_batch(
    stream_id bigint, batch integer, reason text, since timestamptz, until timestamptz,
    last_digest text, known_until timestamptz, n integer, churned integer, left_out integer,
    log_loss double precision, mean_score double precision, mean_shift double precision,
    step double precision, rows_sha256 bytea, state_sha256 bytea, state bytea
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    INSERT INTO churn_internal.learned_batches (
        stream_id, position, decision, reason, since, until, last_digest, known_until, n,
        churned, left_out, log_loss, mean_score, mean_shift, step, rows_sha256, state_sha256,
        state
    )
    SELECT s.stream_id, record_batch.batch,
           CASE WHEN record_batch.reason IS NULL THEN 'learned' ELSE 'quarantined' END,
           record_batch.reason, record_batch.since, record_batch.until,
           record_batch.last_digest, record_batch.known_until, record_batch.n,
           record_batch.churned, record_batch.left_out, record_batch.log_loss,
           record_batch.mean_score, record_batch.mean_shift, record_batch.step,
           record_batch.rows_sha256, record_batch.state_sha256, record_batch.state
    FROM churn_internal.learning_streams s
    WHERE s.stream_id = record_batch.stream_id AND s.ended_at IS NULL
      AND record_batch.batch = 1 + (
        SELECT count(*) FROM churn_internal.learned_batches b WHERE b.stream_id = s.stream_id
    );
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('batch %s is not the next one to be learned', batch),
            DETAIL = 'Somebody else has learned it, or learning was switched off.',
            HINT = 'Run pgchurn learn again.';
    END IF;
    IF state IS NOT NULL THEN
        UPDATE churn_internal.learned_batches b SET state = NULL
        WHERE b.stream_id = record_batch.stream_id AND b.position < record_batch.batch
          AND b.state IS NOT NULL;
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.record_batch IS
    'Keeps what became of a batch, and what is known after it.';
GRANT EXECUTE ON FUNCTION churn_internal.record_batch TO churn_loader;
