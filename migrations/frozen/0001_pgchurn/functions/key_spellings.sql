CREATE OR REPLACE FUNCTION churn_internal.key_spellings(type text, key text) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    stored_as text;
BEGIN
    IF type IS NULL THEN
        RETURN ARRAY[key];
    END IF;
    -- Read as the caller's settings have it, and stored as they do not.
    EXECUTE format('SELECT churn_internal.key_text($1::%s)', type) INTO stored_as USING key;
    RETURN ARRAY[key, stored_as];
END $body$;
COMMENT ON FUNCTION churn_internal.key_spellings IS
    'The texts that a key may have been stored as, itself included.';
