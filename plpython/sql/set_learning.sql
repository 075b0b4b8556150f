CREATE OR REPLACE FUNCTION churn.set_learning(
    profile regclass, base_version bigint, half_life interval DEFAULT '90 days',
    min_batch integer DEFAULT 500
) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    base record;
    stream churn_internal.learning_streams;
BEGIN
    -- Waits for pgchurn learn, where that is under way: before anything is locked that it
    -- locks to release what it has learned.
    PERFORM FROM churn_internal.learning_streams s
    WHERE s.attachment_id = attachment.attachment_id AND s.ended_at IS NULL FOR UPDATE;
    -- Serialised with activations and deletions, among which may be that of the version.
    PERFORM churn_internal.lock_deployments(attachment.attachment_id);
    SELECT s.* INTO stream
    FROM churn_internal.learning_streams s
    WHERE s.attachment_id = attachment.attachment_id AND s.ended_at IS NULL
    FOR UPDATE NOWAIT;
    IF base_version IS NOT NULL THEN
        IF half_life IS NULL OR NOT isfinite(half_life) OR half_life <= interval '0' THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('half_life must be more than nothing, not %s',
                                 coalesce(half_life::text, 'null')),
                HINT = 'Pass for instance interval ''90 days''.';
        ELSIF min_batch IS NULL OR min_batch NOT BETWEEN 20 AND 100000 THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('min_batch must be from 20 to 100,000, not %s',
                                 coalesce(min_batch::text, 'null')),
                DETAIL = 'Fewer customers are often of one class, and more are not kept in '
                         'memory at once.',
                HINT = 'Pass for instance 500.';
        END IF;
        IF churn_internal.attachment_of_version(base_version) <> attachment.attachment_id THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('model version %s was not registered for %s', base_version,
                                 profile),
                HINT = 'SELECT version, attachment_id FROM churn.models lists the versions.';
        END IF;
        SELECT m.artifact_sha256, m.deleted_at, m.registered_at,
               churn_internal.trained_until(m.provenance) AS trained_until
        INTO base
        FROM churn.models m WHERE m.version = base_version;
        IF base.deleted_at IS NOT NULL THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = format('model version %s was deleted', base_version),
                HINT = 'Pass a version that is still there.';
        END IF;
        IF (stream.base_version, stream.half_life, stream.min_batch, stream.horizon)
           = (base_version, half_life, min_batch, attachment.horizon)
        THEN
            RETURN stream.stream_id;
        END IF;
    END IF;
    UPDATE churn_internal.learning_streams s SET ended_at = clock_timestamp()
    WHERE s.stream_id = stream.stream_id;
    UPDATE churn_internal.learned_batches b SET state = NULL
    WHERE b.stream_id = stream.stream_id AND b.state IS NOT NULL;
    IF base_version IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO churn_internal.learning_streams (
        attachment_id, base_version, base_sha256, half_life, min_batch, horizon, since
    )
    VALUES (
        attachment.attachment_id, base_version, base.artifact_sha256, half_life, min_batch,
        attachment.horizon, coalesce(base.trained_until, base.registered_at)
    )
    RETURNING * INTO stream;
    RETURN stream.stream_id;
END $body$;
COMMENT ON FUNCTION churn.set_learning IS
    'Has pgchurn learn move the linear head of a version, batch by batch, as outcomes of a '
    'profile mature: an outcome weighs half as much after half_life, and a batch is of '
    'min_batch customers. The same again changes nothing; anything else begins anew, from the '
    'version. Null: nothing is learned any more. Returns the number of the stream.';
GRANT EXECUTE ON FUNCTION churn.set_learning TO churn_loader;
