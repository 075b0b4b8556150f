CREATE OR REPLACE FUNCTION churn_internal.begin_learning(
    profile regclass, waits boolean DEFAULT true
) RETURNS TABLE (
    stream_id bigint, base_version bigint, half_life_seconds double precision,
    min_batch integer, since timestamptz, batch integer, read_until timestamptz,
    read_digest text, state bytea, state_sha256 bytea, reference text, known_until timestamptz
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    learning CONSTANT bigint := (
        SELECT s.stream_id
        FROM churn_internal.learning_streams s
        WHERE s.attachment_id = attachment.attachment_id AND s.ended_at IS NULL
    );
    stream churn_internal.learning_streams;
    cut CONSTANT timestamptz := clock_timestamp();
BEGIN
    PERFORM churn_internal.check_isolation(
        'nothing can be learned', 'What was recorded after it began would be missed.'
    );
    IF learning IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('nothing is to be learned of %s', profile),
            HINT = format('Call churn.set_learning(%L, base_version) first.', profile::text);
    END IF;
    -- Until the transaction ends; batches are committed by another one meanwhile.
    SELECT s.* INTO stream
    FROM churn_internal.learning_streams s
    WHERE s.stream_id = learning AND s.ended_at IS NULL
    FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF stream.horizon <> attachment.horizon THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('the horizon of %s was %s when learning began, and is %s now',
                             profile, stream.horizon, attachment.horizon),
            DETAIL = 'What was learned before is of other outcomes.',
            HINT = format('Call churn.set_learning(%L, %s), which begins anew.', profile::text,
                          stream.base_version);
    END IF;
    SELECT m.reference::text INTO reference
    FROM churn.models m
    WHERE m.version = stream.base_version AND m.deleted_at IS NULL
      AND m.artifact_sha256 = stream.base_sha256
      AND (m.reference IS NULL
           OR churn_internal.reference_digest(m.reference) = m.reference_sha256);
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('model version %s, from which learning started, is not what it was',
                             stream.base_version),
            DETAIL = 'It was deleted, or its row was changed.',
            HINT = format('Call churn.set_learning(%L, base_version) with another one.',
                          profile::text);
    END IF;
    -- Among others, whether its key is still trusted.
    PERFORM churn_internal.check_model(stream.base_version);
    -- Who recorded something before the cut has committed, so that it is the same for ever.
    IF waits AND NOT churn_internal.wait_for_transactions(
        ARRAY['churn.outcomes'::regclass, 'churn.actions'::regclass]::oid[]
    ) THEN
        RAISE lock_not_available USING
            MESSAGE = format('outcomes of %s are being recorded', profile),
            DETAIL = 'A transaction that is under way has recorded some.',
            HINT = 'Run pgchurn learn again when it has ended.';
    END IF;
    stream_id := stream.stream_id;
    base_version := stream.base_version;
    half_life_seconds := extract(epoch FROM stream.half_life);
    min_batch := stream.min_batch;
    since := stream.since;
    known_until := cut;
    SELECT b.position, b.until, b.last_digest, b.state_sha256
    INTO batch, read_until, read_digest, state_sha256
    FROM churn_internal.learned_batches b
    WHERE b.stream_id = stream.stream_id ORDER BY b.position DESC LIMIT 1;
    batch := coalesce(batch, 0);
    SELECT b.state INTO state
    FROM churn_internal.learned_batches b
    WHERE b.stream_id = stream.stream_id AND b.state IS NOT NULL
    ORDER BY b.position DESC LIMIT 1;
    RETURN NEXT;
END $body$;
COMMENT ON FUNCTION churn_internal.begin_learning IS
    'What pgchurn learn goes on from, which nobody else does until the transaction ends; no row: '
    'somebody is at it.';
GRANT EXECUTE ON FUNCTION churn_internal.begin_learning TO churn_loader;
