CREATE OR REPLACE FUNCTION churn_internal.fill_template(template text, placeholders jsonb)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
BEGIN ATOMIC
    -- In one pass, so that a name with an @ in it is never taken for a placeholder.
    SELECT string_agg(
        CASE WHEN p.position % 2 = 0 THEN placeholders ->> p.part ELSE p.part END,
        '' ORDER BY p.position
    )
    FROM string_to_table(template, '@') WITH ORDINALITY p (part, position);
END;
COMMENT ON FUNCTION churn_internal.fill_template IS 'A template with each @placeholder@ replaced.';
