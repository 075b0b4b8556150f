CREATE OR REPLACE FUNCTION churn_internal.key_spellings(type text, key text) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- The order of day and month stays the caller's.
SET datestyle = 'ISO' AS $body$
DECLARE
    style text;
    spelling text;
    spellings text[] := ARRAY[key];
BEGIN
    IF type IS NULL THEN
        RETURN spellings;
    END IF;
    EXECUTE format('SELECT $1::%s::text', type) INTO key USING key;
    -- Which text a date has was up to the session that stored it; ISO is read alike by all.
    FOREACH style IN ARRAY ARRAY[
        'ISO', 'SQL, DMY', 'SQL, MDY', 'Postgres, DMY', 'Postgres, MDY', 'German'
    ] LOOP
        PERFORM set_config('datestyle', style, true);
        EXECUTE format('SELECT $1::%s::text', type) INTO spelling USING key;
        spellings := spellings || spelling;
    END LOOP;
    RETURN spellings;
END $body$;
COMMENT ON FUNCTION churn_internal.key_spellings IS
    'The texts that a key may have been stored as, itself included.';
