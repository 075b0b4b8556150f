CREATE OR REPLACE FUNCTION churn_internal.wait_for_transactions(written oid[]) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    give_up_at CONSTANT timestamptz := clock_timestamp() + interval '5 s';
    writers text[];
BEGIN
    -- Looked at again and again: to lock the tables would hold up those who come after,
    -- and takes rights that nobody has granted.
    LOOP
        writers := ARRAY(
            SELECT l.virtualtransaction
            FROM pg_catalog.pg_locks l
            JOIN pg_catalog.pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.locktype = 'relation'
              AND l.relation = ANY (written) AND l.granted
              AND l.mode IN ('RowShareLock', 'RowExclusiveLock')
              AND l.pid IS DISTINCT FROM pg_backend_pid()
              AND (writers IS NULL OR l.virtualtransaction = ANY (writers))
        );
        EXIT WHEN writers = '{}' OR clock_timestamp() > give_up_at;
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN writers = '{}';
END $body$;
COMMENT ON FUNCTION churn_internal.wait_for_transactions IS
    'Waits until the transactions that were writing some tables have ended, for five seconds at '
    'most; says whether they have.';
