CREATE OR REPLACE FUNCTION churn_internal.template_profile_derived_trigger() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE TRIGGER "pgchurn_@id@_profile_derived" AFTER UPDATE ON @profile@
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT
    WHEN (@derives@ AND current_user = 'churn_owner'::text)
    EXECUTE FUNCTION churn_internal."profiles_changed_@id@"('own');
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_profile_derived_trigger IS 'Template: see churn_internal.create_from_template.';
