CREATE OR REPLACE FUNCTION churn.expire_predictions(
    older_than interval, OUT partitions integer, OUT predictions bigint
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
-- Whoever writes waits behind one who waits to drop a partition: so not for long.
SET lock_timeout = '100 ms' AS $body$
#variable_conflict use_column
DECLARE
    attempts CONSTANT integer := 50;
    expired name[];
    partition name;
    counted bigint;
BEGIN
    PERFORM churn_internal.check_older_than(older_than);
    FOR attempt IN 1 .. attempts LOOP
        BEGIN
            PERFORM churn_internal.create_prediction_partitions();
            expired := ARRAY(
                SELECT c.relname
                FROM pg_catalog.pg_inherits i
                JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'churn.predictions'::regclass
                  AND c.relname ~ '^predictions_[0-9]{6}$'
                  AND to_timestamp(right(c.relname, 6), 'YYYYMM') + interval '1 month'
                      <= now() - older_than
                ORDER BY 1
            );
            partitions := cardinality(expired);
            predictions := 0;
            -- Before the first is dropped: then writers wait until the last is.
            FOREACH partition IN ARRAY expired LOOP
                EXECUTE format('SELECT count(*) FROM churn_internal.%I', partition) INTO counted;
                predictions := predictions + counted;
            END LOOP;
            FOREACH partition IN ARRAY expired LOOP
                EXECUTE format('DROP TABLE churn_internal.%I', partition);
            END LOOP;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = attempts THEN
                RAISE lock_not_available USING
                    MESSAGE = 'churn.predictions is in use',
                    DETAIL = format('It could not be locked in %s attempts.', attempts),
                    HINT = 'Call churn.expire_predictions again when transactions that '
                           'write or read it have ended.';
            END IF;
            PERFORM pg_sleep(0.1);
        END;
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn.expire_predictions IS
    'Drops the partitions of churn.predictions of which all is older, says how many and '
    'how many predictions were in them, and makes the coming ones.';
