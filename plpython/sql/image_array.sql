CREATE OR REPLACE FUNCTION churn_trust.image_array(image churn_trust.array_image)
RETURNS double precision[]
-- The reverse of churn_internal.array_image. That it is one is a constraint of its type.
LANGUAGE internal IMMUTABLE STRICT PARALLEL UNSAFE AS 'byteasend';
COMMENT ON FUNCTION churn_trust.image_array IS
    'The array of which these are the bytes: the quickest way from Python.';
GRANT EXECUTE ON FUNCTION churn_trust.image_array TO churn_owner;
