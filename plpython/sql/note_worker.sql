CREATE OR REPLACE FUNCTION churn_internal.note_worker(run_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- Others see it at once, and it goes with the worker. Shared and not waited for: it
    -- keeps nobody from anything.
    PERFORM pg_try_advisory_xact_lock_shared(
        'churn_internal.rescore_runs'::regclass::oid::bigint::bit(32)::integer,
        run_id::bit(32)::integer
    );
END $body$;
COMMENT ON FUNCTION churn_internal.note_worker IS
    'Lets churn.rescore_progress count this session as a worker of a run, until commit.';
