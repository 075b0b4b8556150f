CREATE OR REPLACE FUNCTION churn_internal.template_profile_update_trigger() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE TRIGGER "pgchurn_@id@_profile_update" AFTER UPDATE ON @profile@
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT WHEN (@by_others@)
    EXECUTE FUNCTION churn_internal."profiles_changed_@id@"();
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_profile_update_trigger IS 'Template: see churn_trust.fill_template.';
