CREATE OR REPLACE FUNCTION churn_internal.check_batches(procedure text, batch_size integer)
RETURNS void LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- In a transaction block the transaction began before this statement did.
    IF transaction_timestamp() < statement_timestamp() THEN
        RAISE active_sql_transaction USING
            MESSAGE = format('%s cannot run inside a transaction block', procedure),
            DETAIL = 'It commits after each batch.',
            HINT = 'CALL it outside of a transaction.';
    END IF;
    PERFORM churn_internal.check_batch_size(batch_size);
END $body$;
COMMENT ON FUNCTION churn_internal.check_batches IS
    'An error where a procedure cannot commit, or not batches of this size.';
GRANT EXECUTE ON FUNCTION churn_internal.check_batches TO churn_loader;
