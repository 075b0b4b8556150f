-- The settings are those that churn_internal.fix_key_settings gives to others.
CREATE OR REPLACE FUNCTION churn_internal.key_text(key anyelement) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET timezone = 'UTC'
SET bytea_output = 'hex' SET extra_float_digits = 1 SET lc_monetary = 'C' AS $body$
BEGIN
    RETURN key::text;
END $body$;
COMMENT ON FUNCTION churn_internal.key_text IS
    'The text that a key is stored as, whatever the session''s settings are.';
GRANT EXECUTE ON FUNCTION churn_internal.key_text TO churn_scorer, churn_loader;
