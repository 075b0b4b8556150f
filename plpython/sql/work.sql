CREATE OR REPLACE FUNCTION churn.work(
    batch_size integer DEFAULT 1000, profile regclass DEFAULT NULL,
    OUT scored bigint, OUT failed bigint
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    wanted CONSTANT integer := CASE
        WHEN profile IS NOT NULL THEN (churn_internal.attachment_of(profile)).attachment_id
    END;
    attachment_id integer;
    batch_scored bigint;
    batch_failed bigint;
BEGIN
    PERFORM churn_internal.check_batch_size(batch_size);
    scored := 0;
    failed := 0;
    -- Whose oldest mark is the oldest comes first; what is left of the batch is for the
    -- others.
    FOR attachment_id IN
        SELECT a.attachment_id
        FROM churn.attachments a
        CROSS JOIN LATERAL (
            SELECT least(
                (SELECT min(m.enqueued_at) FROM churn_internal.pending_profiles m
                 WHERE m.attachment_id = a.attachment_id),
                (SELECT min(m.due_at) FROM churn_internal.failed_profiles m
                 WHERE m.attachment_id = a.attachment_id
                   AND m.due_at <= statement_timestamp())
            ) AS due_at
        ) oldest
        WHERE a.detached_at IS NULL AND (wanted IS NULL OR a.attachment_id = wanted)
          AND oldest.due_at IS NOT NULL
        ORDER BY oldest.due_at
    LOOP
        EXECUTE format('SELECT * FROM churn_internal.work_profiles_%s($1)', attachment_id)
            INTO batch_scored, batch_failed USING (batch_size - scored - failed)::integer;
        scored := scored + batch_scored;
        failed := failed + batch_failed;
        EXIT WHEN scored + failed >= batch_size;
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn.work IS
    'Scores one batch of marked customers, of all attachments or of one; returns how many '
    'it scored, and how many failed and are tried again later. Waits for no lock.';
GRANT EXECUTE ON FUNCTION churn.work TO churn_loader;
