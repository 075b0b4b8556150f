CREATE OR REPLACE FUNCTION churn_internal.abandon_rescoring(attachment_id integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    run bigint;
BEGIN
    SELECT r.run_id INTO run
    FROM churn_internal.rescore_runs r
    WHERE r.attachment_id = abandon_rescoring.attachment_id AND r.ended_at IS NULL
    FOR UPDATE;
    IF FOUND THEN
        -- Waits for the batches that workers are at, so that they count.
        PERFORM FROM churn_internal.rescore_ranges g
        WHERE g.run_id = run
        ORDER BY g.range_number
        FOR UPDATE;
        PERFORM churn_internal.end_rescoring(run, 'abandoned');
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.abandon_rescoring IS
    'Ends the unfinished run of an attachment, if there is one.';
