CREATE OR REPLACE FUNCTION churn_internal.template_complaints_recounted() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
-- What is taken away or moved is counted anew.
CREATE OR REPLACE FUNCTION churn_internal."complaints_recounted_@id@"() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    keys @common_type@[];
    ignored text;
BEGIN
    IF @logged@ THEN
        ignored := set_config('churn.score_cause', 'complaint', true);
    END IF;
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT c.@complaint_key@::@common_order@) INTO keys
        FROM deleted c WHERE c.@complaint_key@ IS NOT NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT m.key) INTO keys
        FROM (
            SELECT n.key FROM (
                SELECT c.@complaint_key@::@common_order@, @complaint_time@, 1 FROM updated c
                UNION ALL
                SELECT c.@complaint_key@::@common_order@, @complaint_time@, -1 FROM former c
            ) n (key, at, change)
            WHERE n.key IS NOT NULL
            GROUP BY n.key, n.at HAVING sum(n.change) <> 0
        ) m;
    ELSE
        -- TRUNCATE also takes complaints away that came after this transaction's
        -- snapshot. Whose they were cannot be seen, but locking their rows fails.
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            PERFORM FROM @profile@ p ORDER BY p.@key@ FOR NO KEY UPDATE;
        END IF;
        SELECT array_agg(p.@key@ ORDER BY p.@key@) INTO keys
        FROM @profile@ p
        WHERE p.complaint_count <> 0 OR p.last_complaint_at IS NOT NULL;
    END IF;
    IF @changes_before@ AND current_setting('churn.entered', true) <> ''
    AND churn_internal.count_later(
        'change @id@', txid_current(), current_setting('churn.entered', true), keys::text[]
    ) THEN
        RETURN NULL;
    END IF;
    PERFORM churn_internal."write_profiles_@id@"(keys, NULL, NULL, @queued@)
    WHERE keys IS NOT NULL;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION churn_internal."complaints_recounted_@id@" IS @complaints_comment@;
ALTER FUNCTION churn_internal."complaints_recounted_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."complaints_recounted_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_complaints_recounted IS 'Template: see churn_trust.fill_template.';
