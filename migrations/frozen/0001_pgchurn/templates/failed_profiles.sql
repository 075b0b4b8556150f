CREATE OR REPLACE FUNCTION churn_internal.template_failed_profiles() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."failed_profiles_@id@"(
    OUT failed churn_internal.failed_profiles, OUT waiting boolean
) RETURNS SETOF record LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m, p.@key@ IS NOT NULL
              AND (p.churn_scored_at > m.last_failed_at) IS NOT TRUE
    FROM churn_internal.failed_profiles m
    LEFT JOIN @profile@ p ON p.@key@ @equals_key@ m.key::@key_order@
    WHERE m.attachment_id = @id@;
END $function$;
COMMENT ON FUNCTION churn_internal."failed_profiles_@id@" IS
    'Marks of profiles, and whether these still wait to be scored.';
ALTER FUNCTION churn_internal."failed_profiles_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."failed_profiles_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_failed_profiles IS 'Template: see churn_trust.fill_template.';
