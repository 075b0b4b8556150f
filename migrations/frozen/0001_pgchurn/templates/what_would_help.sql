CREATE OR REPLACE FUNCTION churn_internal.template_what_would_help() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn.what_would_help(
    profile @profile@, features text[], below double precision
)
RETURNS TABLE (
    changes jsonb, score double precision, distance double precision, reason text
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_column
BEGIN
    -- The missing side of an outer join is nobody's row.
    IF num_nonnulls(($1).@key@, ($1).complaint_count) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT c.changes, c.score, c.distance, c.reason::text
    FROM churn_internal.key_text(($1).@key@) k (key)
    CROSS JOIN LATERAL churn_internal.smallest_changes(
        @id@, @layout@, @numbers@, @texts@,
        churn_internal.observed_values(churn_internal.version_for(@id@, k.key), $2), $2, $3,
        k.key
    ) c;
END $function$;
COMMENT ON FUNCTION churn.what_would_help(@profile@, text[], double precision) IS
    'The smallest changes of these features, one or two at a time, that bring the score of a '
    'profile row below a threshold.';
ALTER FUNCTION churn.what_would_help(@profile@, text[], double precision)
    OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.what_would_help(@profile@, text[], double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.what_would_help(@profile@, text[], double precision)
    TO churn_scorer, churn_loader;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_what_would_help IS 'Template: see churn_trust.fill_template.';
