CREATE OR REPLACE FUNCTION churn_internal.create_repair_functions(
    attachment churn.attachments, placeholders jsonb
)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    PERFORM churn_internal.create_from_template($template$
CREATE OR REPLACE FUNCTION churn_internal.marked_profiles_@id@(
    OUT mark churn_internal.failed_profiles, OUT waiting boolean
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
    FROM churn_internal.failed_profiles m
    LEFT JOIN @profile@ p ON p.@key@ = m.key::@key_type@
    WHERE m.attachment_id = @id@;
END
$function$;
COMMENT ON FUNCTION churn_internal.marked_profiles_@id@ IS
    'Marks of profiles, and whether these still wait to be scored.';
ALTER FUNCTION churn_internal.marked_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.marked_profiles_@id@ FROM PUBLIC;

CREATE OR REPLACE FUNCTION churn_internal.forget_profiles_@id@(marked text[])
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    gone text[];
BEGIN
    -- Which profiles are still gone once their marks are locked, only a new snapshot
    -- tells, and the higher levels take none.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN;
    END IF;
    DELETE FROM churn_internal.pending_profiles m
    WHERE m.ctid = ANY (ARRAY(
        SELECT g.ctid FROM churn_internal.pending_profiles g
        WHERE g.attachment_id = @id@ AND g.key = ANY (marked)
          AND NOT EXISTS (SELECT FROM @profile@ p WHERE p.@key@ = g.key::@key_type@)
        FOR UPDATE SKIP LOCKED
    ));
    -- Whoever inserts a profile holds this other mark of its key until commit. So the
    -- marks are locked first.
    SELECT array_agg(r.key) INTO gone
    FROM (
        SELECT m.key FROM churn_internal.failed_profiles m
        WHERE m.attachment_id = @id@ AND m.key = ANY (marked)
          AND NOT EXISTS (SELECT FROM @profile@ p WHERE p.@key@ = m.key::@key_type@)
        FOR UPDATE SKIP LOCKED
    ) r;
    IF gone IS NOT NULL THEN
        DELETE FROM churn_internal.failed_profiles m
        WHERE m.attachment_id = @id@ AND m.key = ANY (gone)
          AND NOT EXISTS (SELECT FROM @profile@ p WHERE p.@key@ = m.key::@key_type@);
    END IF;
END
$function$;
COMMENT ON FUNCTION churn_internal.forget_profiles_@id@ IS
    'Clears those of these marks whose profiles are gone.';
ALTER FUNCTION churn_internal.forget_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.forget_profiles_@id@ FROM PUBLIC;

CREATE OR REPLACE FUNCTION churn_internal.repair_profiles_@id@(wrong text[])
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    started CONSTANT timestamptz := clock_timestamp();
BEGIN
    PERFORM set_config('churn.score_cause', 'batch', true);
    PERFORM churn_internal.write_profiles_@id@(
        ARRAY(SELECT w.key::@key_type@ FROM unnest(wrong) w (key) ORDER BY 1), NULL, NULL
    );
    -- Of the profiles that were scored just now, and are still locked: a score from
    -- before says nothing of what a mark was made for.
    DELETE FROM churn_internal.failed_profiles m
    USING @profile@ p
    WHERE m.attachment_id = @id@ AND m.key = ANY (wrong) AND p.@key@ = m.key::@key_type@
      AND p.churn_scored_at >= started AND (m.last_failed_at >= started) IS NOT TRUE;
    DELETE FROM churn_internal.pending_profiles m
    USING @profile@ p
    WHERE m.attachment_id = @id@ AND m.key = ANY (wrong) AND p.@key@ = m.key::@key_type@
      AND p.churn_scored_at >= started;
    PERFORM churn_internal.forget_profiles_@id@(wrong);
END
$function$;
COMMENT ON FUNCTION churn_internal.repair_profiles_@id@ IS
    'Counts and scores the profiles with these keys anew, and clears their marks.';
ALTER FUNCTION churn_internal.repair_profiles_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.repair_profiles_@id@ FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn_internal.repair_profiles_@id@ TO churn_loader;
$template$, placeholders);
END
$body$;
COMMENT ON FUNCTION churn_internal.create_repair_functions IS
    'Writes the functions that find and mend an attachment''s marked profiles.';
ALTER FUNCTION churn_internal.create_repair_functions OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.create_repair_functions FROM PUBLIC;
