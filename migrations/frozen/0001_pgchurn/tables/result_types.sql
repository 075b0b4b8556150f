-- What functions in Python return. One that fails returns NULL, or NaN where NULL means
-- something, and the constraint that result_checks adds raises its error.
CREATE DOMAIN churn_internal.probability AS double precision;
COMMENT ON DOMAIN churn_internal.probability IS 'From 0 to 1, or null where a row keeps its score.';
ALTER DOMAIN churn_internal.probability OWNER TO churn_owner;
CREATE DOMAIN churn_internal.probabilities AS double precision[];
COMMENT ON DOMAIN churn_internal.probabilities IS
    'A probability for each row, null for those that keep their score.';
ALTER DOMAIN churn_internal.probabilities OWNER TO churn_owner;
-- A superuser's: churn_owner must not take its constraint away.
CREATE DOMAIN churn_trust.array_image AS bytea;
COMMENT ON DOMAIN churn_trust.array_image IS
    'The bytes of an array of numbers, as the server holds it in memory.';
REVOKE ALL ON DOMAIN churn_trust.array_image FROM PUBLIC;
GRANT USAGE ON DOMAIN churn_trust.array_image TO churn_owner;
CREATE DOMAIN churn_internal.required_boolean AS boolean;
COMMENT ON DOMAIN churn_internal.required_boolean IS 'What a check has found.';
ALTER DOMAIN churn_internal.required_boolean OWNER TO churn_owner;
CREATE DOMAIN churn_internal.required_integer AS integer;
COMMENT ON DOMAIN churn_internal.required_integer IS 'How many there are.';
ALTER DOMAIN churn_internal.required_integer OWNER TO churn_owner;
CREATE DOMAIN churn_internal.required_jsonb AS jsonb;
COMMENT ON DOMAIN churn_internal.required_jsonb IS 'What there is to tell.';
ALTER DOMAIN churn_internal.required_jsonb OWNER TO churn_owner;
CREATE DOMAIN churn_internal.required_text AS text;
COMMENT ON DOMAIN churn_internal.required_text IS 'What a check has read.';
ALTER DOMAIN churn_internal.required_text OWNER TO churn_owner;
REVOKE ALL ON DOMAIN churn_internal.probability, churn_internal.probabilities,
    churn_internal.required_boolean, churn_internal.required_integer,
    churn_internal.required_jsonb, churn_internal.required_text FROM PUBLIC;
