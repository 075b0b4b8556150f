CREATE OR REPLACE FUNCTION churn_internal.note_worker(run_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- Others see both locks at once, and they go with the worker. The first is one that
    -- only churn_owner may take, and says that this is a worker; the second says of which
    -- run. Anybody may take such locks, so its other half is drawn by lot: nobody holds it
    -- already. Neither keeps anybody from anything.
    LOCK TABLE churn_internal.rescore_runs IN ROW SHARE MODE;
    PERFORM pg_try_advisory_xact_lock_shared(
        ('churn_internal.rescore_runs'::regclass::oid::bigint # run_id)::bit(32)::integer,
        (random() * 2147483647)::integer
    );
END $body$;
COMMENT ON FUNCTION churn_internal.note_worker IS
    'Lets churn.rescore_progress count this session as a worker of a run, until commit.';
