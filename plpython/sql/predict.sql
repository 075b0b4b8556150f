CREATE OR REPLACE FUNCTION churn.predict(version bigint, features jsonb) RETURNS double precision
LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN churn_internal.predict_row(version, features);
COMMENT ON FUNCTION churn.predict IS
    'Probability of churn, 0 to 1, under any version, of any feature values by name.';
GRANT EXECUTE ON FUNCTION churn.predict TO churn_scorer, churn_loader;
