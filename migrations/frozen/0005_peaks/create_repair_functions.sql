CREATE OR REPLACE FUNCTION churn.create_repair_functions(
    attachment churn.attachments, placeholders jsonb
)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    PERFORM churn.create_from_template($template$
CREATE OR REPLACE FUNCTION churn.marked_profiles_@id@(
    OUT mark churn.rescoring_marks, OUT waiting boolean
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m, p.@key@ IS NOT NULL
              AND (p.churn_scored_at > m.last_failed_at) IS NOT TRUE
    FROM churn.rescoring_marks m
    LEFT JOIN @profile@ p ON p.@key@ = m.key::@key_type@
    WHERE m.attachment_id = @id@;
END
$function$;
COMMENT ON FUNCTION churn.marked_profiles_@id@ IS
    'Marks of profiles whose score failed, and whether they still wait to be scored.';
ALTER FUNCTION churn.marked_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.marked_profiles_@id@ FROM PUBLIC;

CREATE OR REPLACE FUNCTION churn.repair_profiles_@id@(wrong text[])
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM set_config('churn.score_cause', 'batch', true);
    PERFORM churn.write_profiles_@id@(
        ARRAY(SELECT w.key::@key_type@ FROM unnest(wrong) w (key) ORDER BY 1), NULL, NULL
    );
    DELETE FROM churn.rescoring_marks m
    USING churn.marked_profiles_@id@() f
    WHERE m.attachment_id = @id@ AND m.key = (f.mark).key AND m.key = ANY (wrong)
      AND NOT f.waiting;
END
$function$;
COMMENT ON FUNCTION churn.repair_profiles_@id@ IS
    'Counts and scores the profiles with these keys anew, and clears their marks.';
ALTER FUNCTION churn.repair_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.repair_profiles_@id@ FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.repair_profiles_@id@ TO churn_loader;
$template$, placeholders);
END
$body$;
COMMENT ON FUNCTION churn.create_repair_functions IS
    'Writes the functions that find and mend an attachment''s marked profiles.';
ALTER FUNCTION churn.create_repair_functions OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.create_repair_functions FROM PUBLIC;
