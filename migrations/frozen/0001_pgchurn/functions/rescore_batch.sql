CREATE OR REPLACE FUNCTION churn_internal.rescore_batch(
    run_id bigint, batch_size integer, INOUT range_number integer, OUT outcome text
) RETURNS record LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO' AS $body$
#variable_conflict use_column
DECLARE
    run churn_internal.rescore_runs;
    held churn_internal.rescore_ranges;
    last_key text;
    scored bigint;
BEGIN
    PERFORM churn_internal.check_batch_size(batch_size);
    PERFORM churn_internal.note_worker(rescore_batch.run_id);
    -- Looked at before any range is locked: who ends a run locks it before its ranges.
    IF NOT EXISTS (
        SELECT FROM churn_internal.rescore_ranges g
        WHERE g.run_id = rescore_batch.run_id AND NOT g.finished
    ) THEN
        PERFORM churn_internal.end_rescoring(rescore_batch.run_id, 'done');
        SELECT r.outcome INTO outcome
        FROM churn_internal.rescore_runs r WHERE r.run_id = rescore_batch.run_id;
        IF NOT FOUND THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('run %s does not exist', coalesce(run_id::text, 'null')),
                HINT = 'Call churn_internal.begin_rescoring(profile).';
        END IF;
        RETURN;
    END IF;

    -- Nobody else gets the range before this batch is committed, or gone with its
    -- worker. Where the others are at all that is left, this one waits for one of them:
    -- so the call that returns last has seen everything done.
    SELECT g.* INTO held
    FROM churn_internal.rescore_ranges g
    WHERE g.run_id = rescore_batch.run_id AND NOT g.finished
    ORDER BY g.range_number = rescore_batch.range_number DESC NULLS LAST, g.range_number
    LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        SELECT g.* INTO held
        FROM churn_internal.rescore_ranges g
        WHERE g.run_id = rescore_batch.run_id AND NOT g.finished
        ORDER BY g.range_number LIMIT 1 FOR UPDATE;
    END IF;
    range_number := held.range_number;
    IF held.run_id IS NULL THEN
        RETURN;
    END IF;

    SELECT r.* INTO run
    FROM churn_internal.rescore_runs r WHERE r.run_id = rescore_batch.run_id;
    IF run.deployment_id <> (
        SELECT max(d.deployment_id) FROM churn.deployments d
        WHERE d.attachment_id = run.attachment_id
    ) OR run.key_order <> (
        SELECT churn_internal.key_order(a) FROM churn.attachments a
        WHERE a.attachment_id = run.attachment_id
    ) THEN
        outcome := 'abandoned';
        RETURN;
    END IF;

    batch_size := least(batch_size, (
        SELECT churn_internal.most_rows(a) FROM churn.attachments a
        WHERE a.attachment_id = run.attachment_id
    ));
    EXECUTE format('SELECT * FROM churn_internal.rescore_profiles_%s($1, $2, $3)', run.attachment_id)
        INTO last_key, scored USING held.after_key, held.through_key, batch_size;
    UPDATE churn_internal.rescore_ranges g SET
        after_key = coalesce(last_key, g.after_key), rows_done = g.rows_done + scored,
        worked = g.worked + (clock_timestamp() - transaction_timestamp()),
        finished = scored < batch_size
    WHERE g.run_id = held.run_id AND g.range_number = held.range_number;
END $body$;
COMMENT ON FUNCTION churn_internal.rescore_batch IS
    'Scores the next batch of a run, of the same range while something is left of it; no '
    'range: others were at the last ones. Commit before the next. The outcome is null '
    'until the run is done, or abandoned for another.';
GRANT EXECUTE ON FUNCTION churn_internal.rescore_batch TO churn_loader;
