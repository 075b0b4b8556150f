CREATE OR REPLACE FUNCTION churn_internal.create_from_template(
    template name, placeholders jsonb
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    statements text;
    missing text;
BEGIN
    EXECUTE format('SELECT churn_internal.%I()', 'template_' || template) INTO statements;
    SELECT p.part INTO missing
    FROM string_to_table(statements, '@') WITH ORDINALITY p (part, position)
    WHERE p.position % 2 = 0 AND placeholders ->> p.part IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('template %s has no value for %s', template, missing);
    END IF;
    EXECUTE churn_trust.fill_template(statements, placeholders);
    IF (placeholders ->> 'key_texts_vary')::boolean THEN
        PERFORM churn_internal.fix_key_settings(ARRAY(
            SELECT format('%s_%s', f.found[1], placeholders ->> 'id')
            FROM regexp_matches(
                statements, 'CREATE OR REPLACE FUNCTION churn_internal\."([a-z_]+)_@id@"', 'g'
            ) f (found)
        ));
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.create_from_template IS
    'Executes the statements of a template, filled.';
