CREATE OR REPLACE FUNCTION churn_internal.check_isolation(impossible text, consequence text)
RETURNS void LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted')
    THEN
        RAISE active_sql_transaction USING
            MESSAGE = format('%s in a %s transaction', impossible,
                             current_setting('transaction_isolation')),
            DETAIL = consequence,
            HINT = 'Use READ COMMITTED.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_isolation IS
    'An error in a transaction that does not see what was committed after it began.';
