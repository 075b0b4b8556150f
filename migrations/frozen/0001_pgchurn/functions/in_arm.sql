-- The hash that partitions by hash rest on, and pg_upgrade with them: it stays what it is.
-- Of a share that rises the customers below it stay below it.
CREATE OR REPLACE FUNCTION churn_internal.in_arm(key text, salt bigint, share integer)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN (hashtextextended(key COLLATE "C", salt) & 65535) < share;
COMMENT ON FUNCTION churn_internal.in_arm IS
    'Whether a release has its challenger score the customer with this key, as the profile '
    'stores it: given its salt, and its share in 65,536ths.';
