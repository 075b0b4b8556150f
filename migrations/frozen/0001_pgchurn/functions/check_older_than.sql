CREATE OR REPLACE FUNCTION churn_internal.check_older_than(older_than interval) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF older_than IS NULL OR older_than <= interval '0' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('older_than must be more than nothing, not %s',
                             coalesce(older_than::text, 'null')),
            HINT = 'Pass for instance interval ''1 year''.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_older_than IS
    'An error where what is to expire would not be of the past.';
