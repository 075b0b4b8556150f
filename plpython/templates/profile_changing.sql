-- Triggers of others that run before a row is changed, or deleted, may change complaints. Were
-- they counted at once, the row would be written twice by one statement, which fails.
CREATE OR REPLACE FUNCTION churn_internal."profile_changing_@id@"() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    entered CONSTANT text := current_setting('churn.entered', true);
    ended record;
BEGIN
    IF TG_WHEN = 'BEFORE' THEN
        PERFORM set_config('churn.entered', churn_internal.enter(
            'change @id@', pg_trigger_depth(), txid_current(), entered
        ), true);
        RETURN NULL;
    END IF;
    SELECT e.* INTO ended
    FROM churn_internal.end_change(entered, 'change @id@', pg_trigger_depth(), txid_current()) e;
    PERFORM set_config('churn.entered', ended.around, true);
    PERFORM churn_internal."write_profiles_@id@"(
        array_agg(k.key::"@common_type@"), NULL, NULL, "@queued@"
    )
    FROM unnest(ended.keys) k (key)
    HAVING count(*) > 0;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION churn_internal."profile_changing_@id@" IS '@changing_comment@';
ALTER FUNCTION churn_internal."profile_changing_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."profile_changing_@id@" FROM PUBLIC;
