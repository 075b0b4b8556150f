CREATE OR REPLACE FUNCTION churn_internal.check_batch_size(batch_size integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF batch_size IS NULL OR batch_size < 1 THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('batch_size must be at least 1, not %s',
                             coalesce(batch_size::text, 'null'));
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_batch_size IS 'An error where no batch has this size.';
GRANT EXECUTE ON FUNCTION churn_internal.check_batch_size TO churn_loader;
