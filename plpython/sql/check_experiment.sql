CREATE OR REPLACE FUNCTION churn_internal.check_experiment(
    share double precision, horizon interval, effect double precision
) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF (share > 0 AND share <= 50) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('share must be more than 0 and at most 50, not %s',
                             coalesce(share::text, 'null')),
            HINT = 'It is the percentage of the customers in each of the two arms.';
    END IF;
    IF horizon IS NULL OR NOT isfinite(horizon) OR horizon <= interval '0' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('horizon must be more than nothing, not %s',
                             coalesce(horizon::text, 'null')),
            HINT = 'Pass for instance interval ''90 days''.';
    END IF;
    IF (effect > 0 AND effect <= 1) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('effect must be more than 0 and at most 1, not %s',
                             coalesce(effect::text, 'null')),
            HINT = 'It is the part of those who would leave that the better version keeps: '
                   '0.2 where 8 leave instead of 10.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_experiment IS
    'An error for arguments that no experiment has.';
