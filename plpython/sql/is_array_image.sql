-- The server believes what an array says of itself.
CREATE OR REPLACE FUNCTION churn_trust.is_array_image(bytes bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
-- What precedes the numbers is what precedes as many zeros.
RETURN octet_length(bytes) > 20 AND octet_length(bytes) % 8 = 4
    AND substr(bytes, 1, 20) = substr(churn_trust.array_bytes(
        array_fill(0::double precision, ARRAY[(octet_length(bytes) - 20) / 8])
    ), 1, 20);
COMMENT ON FUNCTION churn_trust.is_array_image IS
    'Whether these are the bytes of an array of numbers, none of them null.';
GRANT EXECUTE ON FUNCTION churn_trust.is_array_image TO churn_owner;
