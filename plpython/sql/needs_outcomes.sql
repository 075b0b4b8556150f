CREATE OR REPLACE FUNCTION churn_internal.needs_outcomes(metric text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN starts_with(metric, 'realised_') OR starts_with(metric, 'calibration');
COMMENT ON FUNCTION churn_internal.needs_outcomes IS
    'Whether a metric of churn.monitor can only be known once a window is mature.';
GRANT EXECUTE ON FUNCTION churn_internal.needs_outcomes TO churn_loader, churn_scorer;
