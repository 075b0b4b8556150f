CREATE OR REPLACE FUNCTION churn_internal.template_attachment_triggers() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
-- A trigger with transition tables serves one event.
CREATE OR REPLACE TRIGGER "pgchurn_@id@_insert" AFTER INSERT ON @complaints@
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal."complaints_inserted_@id@"();
CREATE OR REPLACE TRIGGER "pgchurn_@id@_update" AFTER UPDATE ON @complaints@
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal."complaints_recounted_@id@"();
CREATE OR REPLACE TRIGGER "pgchurn_@id@_delete" AFTER DELETE ON @complaints@
    REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal."complaints_recounted_@id@"();
CREATE OR REPLACE TRIGGER "pgchurn_@id@_truncate" AFTER TRUNCATE ON @complaints@
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal."complaints_recounted_@id@"();
CREATE OR REPLACE TRIGGER "pgchurn_@id@_profile_insert" AFTER INSERT ON @profile@
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal."profiles_changed_@id@"();
COMMENT ON TRIGGER "pgchurn_@id@_insert" ON @complaints@ IS
    'Counts new complaints and scores their customers.';
COMMENT ON TRIGGER "pgchurn_@id@_update" ON @complaints@ IS
    'Counts moved complaints anew and scores their customers.';
COMMENT ON TRIGGER "pgchurn_@id@_delete" ON @complaints@ IS
    'Counts anew after complaints were deleted and scores their customers.';
COMMENT ON TRIGGER "pgchurn_@id@_truncate" ON @complaints@ IS
    'Sets counters back and scores all customers who had complaints.';
COMMENT ON TRIGGER "pgchurn_@id@_profile_insert" ON @profile@ IS
    'Counts the complaints of new profiles and scores them.';
COMMENT ON TRIGGER "pgchurn_@id@_profile_update" ON @profile@ IS
    'Scores profiles whose features changed.';
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_attachment_triggers IS 'Template: see churn_trust.fill_template.';
