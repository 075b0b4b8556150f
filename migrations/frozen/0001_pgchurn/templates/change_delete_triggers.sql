CREATE OR REPLACE FUNCTION churn_internal.template_change_delete_triggers() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE TRIGGER "pgchurn_@id@_change_delete_begin" BEFORE DELETE ON @profile@
    FOR EACH STATEMENT WHEN (@changes_before_delete@)
    EXECUTE FUNCTION churn_internal."profile_changing_@id@"();
CREATE OR REPLACE TRIGGER "pgchurn_@id@_change_delete_end" AFTER DELETE ON @profile@
    FOR EACH STATEMENT WHEN (@changes_before_delete@)
    EXECUTE FUNCTION churn_internal."profile_changing_@id@"();
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_change_delete_triggers IS 'Template: see churn_trust.fill_template.';
