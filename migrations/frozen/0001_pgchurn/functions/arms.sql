CREATE OR REPLACE FUNCTION churn_internal.arms(keys text[], salt bigint, share integer)
RETURNS boolean[] LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN ARRAY(
    SELECT h.hash < arms.share
    FROM unnest(churn_internal.arm_hashes(
        ARRAY(
            SELECT convert_to(k.key, 'SQL_ASCII')
            FROM unnest(keys) WITH ORDINALITY k (key, number)
            ORDER BY k.number
        ),
        salt
    )) WITH ORDINALITY h (hash, number)
    ORDER BY h.number
);
COMMENT ON FUNCTION churn_internal.arms IS
    'For each of these keys whether a release has its challenger score the customer: see '
    'churn_internal.in_arm.';
