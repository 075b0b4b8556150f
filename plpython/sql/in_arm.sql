-- Of a share that rises the customers below it stay below it. Converted to SQL_ASCII a text
-- keeps the bytes that it has, whatever they are.
CREATE OR REPLACE FUNCTION churn_internal.in_arm(key text, salt bigint, share integer)
RETURNS boolean LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN churn_internal.arm_hash(convert_to(key, 'SQL_ASCII'), salt) < share;
COMMENT ON FUNCTION churn_internal.in_arm IS
    'Whether a release has its challenger score the customer with this key, as the profile '
    'stores it: given its salt, and its share in 65,536ths.';
