CREATE OR REPLACE FUNCTION churn_internal.wait_for_batch(run_id bigint, batch_at timestamptz)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM churn_internal.note_worker(run_id);
    PERFORM pg_sleep_until(batch_at);
END $body$;
COMMENT ON FUNCTION churn_internal.wait_for_batch IS
    'Returns when a batch of a run may begin, as churn_internal.reserve_batch has said.';
GRANT EXECUTE ON FUNCTION churn_internal.wait_for_batch TO churn_loader;
