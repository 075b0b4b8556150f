CREATE OR REPLACE FUNCTION churn_internal.template_repair_profiles() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."repair_profiles_@id@"(wrong text[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    started CONSTANT timestamptz := clock_timestamp();
BEGIN
    PERFORM set_config('churn.score_cause', 'batch', true);
    PERFORM churn_internal."write_profiles_@id@"(
        ARRAY(
            SELECT DISTINCT w.key::@key_order@::@common_order@
            FROM unnest(wrong) w (key) ORDER BY 1
        ), NULL, NULL
    );
    -- Of the profiles that were scored just now, and are still locked: a score from
    -- before says nothing of what a mark was made for.
    DELETE FROM churn_internal.failed_profiles m
    USING @profile@ p
    WHERE m.attachment_id = @id@ AND m.key = ANY (wrong)
      AND p.@key@ @equals_key@ m.key::@key_order@
      AND p.churn_scored_at >= started AND (m.last_failed_at >= started) IS NOT TRUE;
    DELETE FROM churn_internal.pending_profiles m
    USING @profile@ p
    WHERE m.attachment_id = @id@ AND m.key = ANY (wrong)
      AND p.@key@ @equals_key@ m.key::@key_order@
      AND p.churn_scored_at >= started;
    PERFORM churn_internal."dequeue_missing_profiles_@id@"(wrong);
END $function$;
COMMENT ON FUNCTION churn_internal."repair_profiles_@id@" IS
    'Counts and scores the profiles with these keys anew, and clears their marks.';
ALTER FUNCTION churn_internal."repair_profiles_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."repair_profiles_@id@" FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn_internal."repair_profiles_@id@" TO churn_loader;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_repair_profiles IS 'Template: see churn_trust.fill_template.';
