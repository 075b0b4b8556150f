CREATE OR REPLACE FUNCTION churn_internal.template_read_profiles() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."read_profiles_@id@"(
    wanted @key_type@[], complaint_counts bigint[],
    OUT keys @key_type@[], OUT numbers bytea, OUT texts text[]
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $function$
#variable_conflict use_variable
BEGIN
    SELECT array_agg(r.key), array_send(array_agg(r.numbers)), @text_rows@
    INTO keys, numbers, texts
    FROM (
        SELECT p.@key@ AS key, @numbers@ AS numbers, @texts@ AS texts
        FROM @profile@ p
        JOIN unnest(wanted, complaint_counts) given (key, complaint_count)
            ON p.@key@ @equals_key@ given.key
        ORDER BY p.@key@
    ) r;
END $function$;
COMMENT ON FUNCTION churn_internal."read_profiles_@id@" IS
    'Features of the profiles with these keys in key order, as scoring takes them; '
    'complaint_counts, where given, stand in for the stored ones.';
ALTER FUNCTION churn_internal."read_profiles_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."read_profiles_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_read_profiles IS 'Template: see churn_internal.create_from_template.';
