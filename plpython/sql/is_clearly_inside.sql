CREATE OR REPLACE FUNCTION churn_internal.is_clearly_inside(
    value double precision, lower double precision, upper double precision,
    "limit" double precision
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN CASE
    WHEN num_nonnulls(lower, upper) > 0
        THEN value BETWEEN coalesce(lower, '-infinity') AND coalesce(upper, 'infinity')
    WHEN "limit" IS NOT NULL THEN value < 0.8 * "limit"
    ELSE value IS NOT NULL
END;
COMMENT ON FUNCTION churn_internal.is_clearly_inside IS
    'Whether a value is where it is expected, or below four fifths of its limit: what ends '
    'an alert, so that one does not come and go with every window.';
