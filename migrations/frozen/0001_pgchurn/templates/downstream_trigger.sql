CREATE OR REPLACE FUNCTION churn_internal.template_downstream_trigger() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE TRIGGER "pgchurn_@id@_downstream" AFTER UPDATE ON @profile@
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT WHEN (@by_pgchurn@)
    EXECUTE FUNCTION churn_internal."publish_scores_@id@"();
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_downstream_trigger IS 'Template: see churn_trust.fill_template.';
