CREATE OR REPLACE FUNCTION churn_internal.check_publishing(
    mode text, threshold double precision
) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF mode IS NULL OR mode NOT IN ('off', 'every', 'threshold') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown mode %s', coalesce(mode, 'null')),
            HINT = 'Pass off, every or threshold.';
    END IF;
    IF mode = 'threshold' AND (threshold BETWEEN 0 AND 1) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('threshold must be a score, 0 to 1, not %s',
                             coalesce(threshold::text, 'null'));
    END IF;
    IF mode <> 'threshold' AND threshold IS NOT NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('mode %s has no threshold', mode),
            HINT = 'Pass threshold as the mode.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_publishing IS
    'Refuses a mode of publishing scores that does not exist, or a threshold out of range.';
