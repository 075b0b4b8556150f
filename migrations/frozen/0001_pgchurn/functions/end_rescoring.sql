CREATE OR REPLACE FUNCTION churn_internal.end_rescoring(run_id bigint, outcome text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    UPDATE churn_internal.rescore_runs r SET
        ended_at = clock_timestamp(), outcome = end_rescoring.outcome,
        rows_done = (
            SELECT coalesce(sum(g.rows_done), 0) FROM churn_internal.rescore_ranges g
            WHERE g.run_id = end_rescoring.run_id
        )
    WHERE r.run_id = end_rescoring.run_id AND r.ended_at IS NULL;
    IF FOUND THEN
        DELETE FROM churn_internal.rescore_ranges g WHERE g.run_id = end_rescoring.run_id;
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.end_rescoring IS
    'Ends a run, unless another session has: keeps how many rows were done.';
