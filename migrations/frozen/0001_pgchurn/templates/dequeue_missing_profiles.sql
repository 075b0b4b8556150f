CREATE OR REPLACE FUNCTION churn_internal.template_dequeue_missing_profiles() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."dequeue_missing_profiles_@id@"(enqueued text[])
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $function$
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
        WHERE g.attachment_id = @id@ AND g.key = ANY (enqueued)
          AND NOT EXISTS (
            SELECT FROM @profile@ p
            WHERE p.@key@ @equals_key@ g.key::@key_order@
        )
        FOR UPDATE SKIP LOCKED
    ));
    -- Whoever inserts a profile holds this other mark of its key until commit. So the
    -- marks are locked first.
    SELECT array_agg(r.key) INTO gone
    FROM (
        SELECT m.key FROM churn_internal.failed_profiles m
        WHERE m.attachment_id = @id@ AND m.key = ANY (enqueued)
          AND NOT EXISTS (
            SELECT FROM @profile@ p
            WHERE p.@key@ @equals_key@ m.key::@key_order@
        )
        FOR UPDATE SKIP LOCKED
    ) r;
    IF gone IS NOT NULL THEN
        DELETE FROM churn_internal.failed_profiles m
        WHERE m.attachment_id = @id@ AND m.key = ANY (gone)
          AND NOT EXISTS (
            SELECT FROM @profile@ p
            WHERE p.@key@ @equals_key@ m.key::@key_order@
        );
    END IF;
END $function$;
COMMENT ON FUNCTION churn_internal."dequeue_missing_profiles_@id@" IS
    'Clears those of these marks whose profiles are gone.';
ALTER FUNCTION churn_internal."dequeue_missing_profiles_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."dequeue_missing_profiles_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_dequeue_missing_profiles IS 'Template: see churn_trust.fill_template.';
