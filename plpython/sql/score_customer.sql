CREATE OR REPLACE FUNCTION churn.score_customer(customer_id bigint) RETURNS double precision
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    score double precision;
BEGIN
    SELECT churn.score(c) INTO score
    FROM churn.customers c WHERE c.customer_id = score_customer.customer_id;
    IF NOT FOUND THEN
        RAISE no_data_found USING
            MESSAGE = format('customer %s does not exist',
                             coalesce(customer_id::text, 'null')),
            HINT = 'Pass a customer_id of churn.customers.';
    END IF;
    RETURN score;
END $body$;
COMMENT ON FUNCTION churn.score_customer IS
    'Probability of churn, 0 to 1, of a customer of churn.customers, by key.';
GRANT EXECUTE ON FUNCTION churn.score_customer TO churn_scorer, churn_loader;
