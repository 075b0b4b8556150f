-- As churn_internal.array_image, which churn_owner could replace.
CREATE OR REPLACE FUNCTION churn_trust.array_bytes(numbers double precision[]) RETURNS bytea
LANGUAGE internal IMMUTABLE STRICT PARALLEL UNSAFE AS 'byteasend';
COMMENT ON FUNCTION churn_trust.array_bytes IS
    'The bytes of an array, as the server holds it in memory.';
GRANT EXECUTE ON FUNCTION churn_trust.array_bytes TO churn_owner;
