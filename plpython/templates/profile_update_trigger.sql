CREATE OR REPLACE TRIGGER "pgchurn_@id@_profile_update" AFTER UPDATE ON "@profile@"
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT WHEN ("@by_others@")
    EXECUTE FUNCTION churn_internal."profiles_changed_@id@"();
