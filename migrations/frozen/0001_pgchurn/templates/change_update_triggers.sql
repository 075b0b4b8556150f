CREATE OR REPLACE FUNCTION churn_internal.template_change_update_triggers() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE TRIGGER "pgchurn_@id@_change_update_begin" BEFORE UPDATE ON @profile@
    FOR EACH STATEMENT WHEN (@changes_before_update@)
    EXECUTE FUNCTION churn_internal."profile_changing_@id@"();
CREATE OR REPLACE TRIGGER "pgchurn_@id@_change_update_end" AFTER UPDATE ON @profile@
    FOR EACH STATEMENT WHEN (@changes_before_update@)
    EXECUTE FUNCTION churn_internal."profile_changing_@id@"();
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_change_update_triggers IS 'Template: see churn_trust.fill_template.';
