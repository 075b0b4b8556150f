CREATE OR REPLACE FUNCTION churn_internal.shortest_text(value real) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET extra_float_digits = 1
RETURN value::text;
COMMENT ON FUNCTION churn_internal.shortest_text IS
    'The shortest decimal that is this number, whatever the session has its floats print.';
GRANT EXECUTE ON FUNCTION churn_internal.shortest_text TO churn_scorer, churn_loader;

CREATE OR REPLACE FUNCTION churn_internal.shortest_double(value real) RETURNS double precision
LANGUAGE sql STABLE PARALLEL UNSAFE
-- A function with a setting of its own is never inlined, so it is called only where need be.
RETURN CASE
    WHEN current_setting('extra_float_digits')::integer > 0 THEN value::text::double precision
    ELSE churn_internal.shortest_text(value)::double precision
END;
COMMENT ON FUNCTION churn_internal.shortest_double IS
    'A real as client libraries read it: the double of its shortest decimal.';
GRANT EXECUTE ON FUNCTION churn_internal.shortest_double TO churn_scorer, churn_loader;
