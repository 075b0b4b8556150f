-- The server believes what an array says of itself.
CREATE OR REPLACE FUNCTION churn_trust.is_array_image(bytes bytea) RETURNS boolean
-- Neither STRICT nor with settings, either of which would have PostgreSQL plan it in each
-- statement instead of putting it into the domain's constraint once: that took a sixth of an
-- INSERT of two complaints. What precedes the numbers is what precedes as many zeros.
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN CASE
    WHEN octet_length(bytes) > 20 AND octet_length(bytes) % 8 = 4
        THEN substr(bytes, 1, 20) = substr(churn_trust.array_bytes(
            array_fill(0::double precision, ARRAY[(octet_length(bytes) - 20) / 8])
        ), 1, 20)
    -- Null is what a failed function returns, which another constraint raises.
    ELSE bytes IS NULL
END;
COMMENT ON FUNCTION churn_trust.is_array_image IS
    'Whether these are the bytes of an array of numbers, none of them null, or none.';
GRANT EXECUTE ON FUNCTION churn_trust.is_array_image TO churn_owner;
