CREATE OR REPLACE FUNCTION churn_internal.record_snapshot(
    stream_id bigint, batch integer, version bigint
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    UPDATE churn_internal.learned_batches b SET
        version = m.version, artifact_sha256 = m.artifact_sha256
    FROM churn_internal.learning_streams s
    JOIN churn.models m ON m.attachment_id = s.attachment_id
    WHERE s.stream_id = record_snapshot.stream_id AND s.ended_at IS NULL
      AND m.version = record_snapshot.version
      AND b.stream_id = s.stream_id AND b.position = record_snapshot.batch
      AND b.state IS NOT NULL AND b.version IS NULL;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('batch %s is not the last one that was learned', batch),
            DETAIL = 'Somebody else has registered what was learned, or it was switched off.',
            HINT = 'Run pgchurn learn again.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.record_snapshot IS
    'Keeps which version was registered after the last batch that was learned.';
GRANT EXECUTE ON FUNCTION churn_internal.record_snapshot TO churn_loader;
