CREATE OR REPLACE FUNCTION churn_internal.fix_key_settings(functions text[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    function text;
BEGIN
    FOREACH function IN ARRAY functions LOOP
        EXECUTE format(
            'ALTER FUNCTION churn_internal.%I SET datestyle = ''ISO'' '
            'SET intervalstyle = ''postgres'' SET timezone = ''UTC'' '
            'SET bytea_output = ''hex'' SET extra_float_digits = 1 SET lc_monetary = ''C''',
            function
        );
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.fix_key_settings IS
    'Has generated functions write and read keys alike in every session.';
