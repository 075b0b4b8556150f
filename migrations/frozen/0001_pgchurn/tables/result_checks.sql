-- Added after the functions, because this one looks up what it calls.
ALTER DOMAIN churn_internal.probability ADD CONSTRAINT not_failed
    CHECK (VALUE IS NULL OR VALUE BETWEEN 0 AND 1 OR churn_internal.raise_failure());
ALTER DOMAIN churn_internal.probabilities ADD CONSTRAINT not_failed
    CHECK (VALUE IS NOT NULL OR churn_internal.raise_failure());
ALTER DOMAIN churn_trust.array_image ADD CONSTRAINT not_failed
    CHECK (VALUE IS NOT NULL OR churn_internal.raise_failure());
ALTER DOMAIN churn_trust.array_image ADD CONSTRAINT is_array
    CHECK (churn_trust.is_array_image(VALUE));
ALTER DOMAIN churn_internal.required_boolean ADD CONSTRAINT not_failed
    CHECK (VALUE IS NOT NULL OR churn_internal.raise_failure());
ALTER DOMAIN churn_internal.required_integer ADD CONSTRAINT not_failed
    CHECK (VALUE IS NOT NULL OR churn_internal.raise_failure());
ALTER DOMAIN churn_internal.required_jsonb ADD CONSTRAINT not_failed
    CHECK (VALUE IS NOT NULL OR churn_internal.raise_failure());
ALTER DOMAIN churn_internal.required_text ADD CONSTRAINT not_failed
    CHECK (VALUE IS NOT NULL OR churn_internal.raise_failure());
