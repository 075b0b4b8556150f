CREATE OR REPLACE FUNCTION churn_internal.to_double(value numeric) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN CASE
    WHEN abs(value) BETWEEN 1e-307 AND 1.79e308 THEN value::double precision
    WHEN value = 'NaN' THEN 'NaN'
    WHEN value > 1 THEN 'Infinity'
    WHEN value < -1 THEN '-Infinity'
    WHEN value IS NOT NULL THEN 0
END;
COMMENT ON FUNCTION churn_internal.to_double IS
    'A number of any size as a double: infinite or zero where a cast would be an error.';
GRANT EXECUTE ON FUNCTION churn_internal.to_double TO churn_scorer, churn_loader;
