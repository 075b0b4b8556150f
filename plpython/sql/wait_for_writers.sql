CREATE OR REPLACE FUNCTION churn_internal.wait_for_writers(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    give_up_at CONSTANT timestamptz := clock_timestamp() + interval '5 s';
    -- Whoever scores a batch of a run has locked its range.
    written CONSTANT oid[] := ARRAY(
        SELECT t.relation
        FROM (VALUES
            (attachment.profile), (attachment.complaints),
            ('churn_internal.rescore_ranges')
        ) t (relation)
        UNION
        SELECT p.relid
        FROM (VALUES (attachment.profile), (attachment.complaints)) t (relation)
        CROSS JOIN pg_partition_tree(t.relation) p
    );
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
        EXIT WHEN writers = '{}';
        IF clock_timestamp() > give_up_at THEN
            RAISE lock_not_available USING
                MESSAGE = format('%s is being written', attachment.profile),
                DETAIL = 'A transaction that is under way may store scores of the version.',
                HINT = 'Call churn.delete_model again when it has ended.';
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.wait_for_writers IS
    'Returns when the transactions that were writing an attachment''s tables have ended.';
