CREATE OR REPLACE TRIGGER "pgchurn_@id@_profile_derived" AFTER UPDATE ON "@profile@"
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT
    WHEN ("@derives@" AND current_user = 'churn_owner'::text)
    EXECUTE FUNCTION churn_internal."profiles_changed_@id@"('own');
