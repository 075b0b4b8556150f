CREATE OR REPLACE FUNCTION churn_internal.arms(keys text[], salt bigint, share integer)
RETURNS boolean[] LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN ARRAY(
    SELECT churn_internal.in_arm(k.key, arms.salt, arms.share)
    FROM unnest(keys) WITH ORDINALITY k (key, number)
    ORDER BY k.number
);
COMMENT ON FUNCTION churn_internal.arms IS
    'For each of these keys whether a release has its challenger score the customer.';
