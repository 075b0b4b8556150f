CREATE OR REPLACE FUNCTION churn_internal.reserve_batch(
    run_id bigint, batch_size integer, rows_per_second integer
) RETURNS timestamptz LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    duration CONSTANT interval := batch_size / rows_per_second::double precision
                                  * interval '1 s';
    next_batch_at timestamptz;
BEGIN
    PERFORM churn_internal.note_worker(run_id);
    UPDATE churn_internal.rescore_runs r
    SET next_batch_at = greatest(r.next_batch_at, clock_timestamp()) + duration
    WHERE r.run_id = reserve_batch.run_id
    RETURNING r.next_batch_at INTO next_batch_at;
    RETURN next_batch_at - duration;
END $body$;
COMMENT ON FUNCTION churn_internal.reserve_batch IS
    'When the next batch may begin, so that all workers of a run together stay within '
    'rows_per_second. Commit, that the others may go on.';
GRANT EXECUTE ON FUNCTION churn_internal.reserve_batch TO churn_loader;
