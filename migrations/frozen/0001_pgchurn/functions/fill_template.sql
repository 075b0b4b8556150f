-- A superuser's as well as what calls it: see churn_trust.create_profile_writer.
CREATE OR REPLACE FUNCTION churn_trust.fill_template(template text, placeholders jsonb)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    quote text := '$function$';
BEGIN
    -- A column's name may hold anything, even what ends a function's body.
    WHILE position(quote IN placeholders::text) > 0 LOOP
        quote := '$function_' || md5(quote) || '$';
    END LOOP;
    -- In one pass, so that a name with an @ in it is never taken for a placeholder.
    RETURN (
        SELECT string_agg(
            CASE WHEN p.position % 2 = 0 THEN placeholders ->> p.part ELSE p.part END,
            '' ORDER BY p.position
        )
        FROM string_to_table(replace(template, '$function$', quote), '@')
            WITH ORDINALITY p (part, position)
    );
END $body$;
COMMENT ON FUNCTION churn_trust.fill_template IS
    'The statements of a template with each @placeholder@ replaced.';
GRANT EXECUTE ON FUNCTION churn_trust.fill_template TO churn_owner;
