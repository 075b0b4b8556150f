-- For the constraints of the types that functions in Python return: see Refusals in
-- plpython/runtime/errors.py.
CREATE OR REPLACE FUNCTION churn_internal.raise_failure() RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    failure record;
BEGIN
    SELECT f.sqlstate, churn_internal.representable(f.message) AS message,
           churn_internal.representable(f.detail) AS detail,
           churn_internal.representable(f.hint) AS hint
    INTO failure FROM churn_internal.take_failure() f;
    -- A part that is null cannot be left out of a RAISE.
    IF failure.detail IS NOT NULL AND failure.hint IS NOT NULL THEN
        RAISE USING ERRCODE = failure.sqlstate, MESSAGE = failure.message,
            DETAIL = failure.detail, HINT = failure.hint;
    ELSIF failure.detail IS NOT NULL THEN
        RAISE USING ERRCODE = failure.sqlstate, MESSAGE = failure.message,
            DETAIL = failure.detail;
    ELSIF failure.hint IS NOT NULL THEN
        RAISE USING ERRCODE = failure.sqlstate, MESSAGE = failure.message, HINT = failure.hint;
    ELSIF failure.message IS NOT NULL THEN
        RAISE USING ERRCODE = failure.sqlstate, MESSAGE = failure.message;
    END IF;
    -- No function has failed: somebody has cast a value to the type.
    RETURN false;
END $body$;
COMMENT ON FUNCTION churn_internal.raise_failure IS
    'Raises what a function in Python has failed with.';
