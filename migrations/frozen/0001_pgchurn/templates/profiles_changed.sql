CREATE OR REPLACE FUNCTION churn_internal.template_profiles_changed() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."profiles_changed_@id@"() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    -- Said by the trigger, which knows who writes: a setting anybody may SET.
    own CONSTANT boolean := TG_NARGS > 0;
    ignored text;
BEGIN
    IF NOT own THEN
        ignored := set_config('churn.score_cause', 'profile', true);
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM churn_internal."write_profiles_@id@"(n.keys, NULL, NULL, @queued@, true)
        FROM (
            SELECT array_agg(p.@key@::@common_type@ ORDER BY p.@key@) AS keys
            FROM inserted p
        ) n
        WHERE n.keys IS NOT NULL;
        RETURN NULL;
    END IF;
    -- Only rows in which something that scoring reads or writes has changed; of what
    -- pgchurn itself wrote, only rows in which that changed features in turn. Complaints
    -- are counted anew where the key, the counter or what tells who is pending was overwritten.
    PERFORM churn_internal."write_profiles_@id@"(n.keys, n.complaints, NULL, @queued@, true)
    FROM (
        SELECT array_agg(p.@key@::@common_type@ ORDER BY p.@key@) AS keys,
               array_agg(
                   CASE WHEN own
                             OR (f.complaint_count, f.last_complaint_at, f.churn_score,
                                 f.churn_model_version)
                                IS NOT DISTINCT FROM
                                (p.complaint_count, p.last_complaint_at, p.churn_score,
                                 p.churn_model_version)
                        THEN 0::bigint END
                   ORDER BY p.@key@
               ) AS complaints
        FROM updated p
        LEFT JOIN former f ON f.@key@ @equals_key@ p.@key@
        WHERE f.@key@ IS NULL
           OR (@former_numbers@, @former_texts@) IS DISTINCT FROM (@numbers@, @texts@)
           OR (NOT own
               AND (f.complaint_count, f.last_complaint_at, f.churn_score,
                    f.churn_model_version, f.churn_scored_at)
                   IS DISTINCT FROM
                   (p.complaint_count, p.last_complaint_at, p.churn_score,
                    p.churn_model_version, p.churn_scored_at))
    ) n
    WHERE n.keys IS NOT NULL;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION churn_internal."profiles_changed_@id@" IS @profile_comment@;
ALTER FUNCTION churn_internal."profiles_changed_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."profiles_changed_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_profiles_changed IS 'Template: see churn_internal.create_from_template.';
