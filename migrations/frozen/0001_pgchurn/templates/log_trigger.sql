CREATE OR REPLACE FUNCTION churn_internal.template_log_trigger() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE TRIGGER "pgchurn_@id@_log" AFTER UPDATE ON @profile@
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT WHEN (@guarded@)
    EXECUTE FUNCTION churn_internal."log_predictions_@id@"();
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_log_trigger IS 'Template: see churn_trust.fill_template.';
