CREATE OR REPLACE FUNCTION churn_internal.checked_search_path(write_search_path text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    -- Where it comes last anyway.
    schemas CONSTANT text := regexp_replace(write_search_path, ',\s*("?)pg_temp\1\s*$', '');
BEGIN
    IF schemas IS NULL OR schemas ~* '\mpg_temp' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('no search_path to write with: %s', coalesce(schemas, 'null')),
            DETAIL = 'Temporary tables of whoever complains would come before the application''s.',
            HINT = 'Name the schemas that the table''s triggers and checks expect, as in SET '
                   'search_path.';
    END IF;
    PERFORM set_config('search_path', schemas || ', pg_temp', true);
    RETURN schemas;
END $body$;
COMMENT ON FUNCTION churn_internal.checked_search_path IS
    'The schemas in which triggers and checks of others look names up, without pg_temp; an '
    'error where they cannot run with these.';
