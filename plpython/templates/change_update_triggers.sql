CREATE OR REPLACE TRIGGER "pgchurn_@id@_change_update_begin" BEFORE UPDATE ON "@profile@"
    FOR EACH STATEMENT WHEN ("@changes_before_update@")
    EXECUTE FUNCTION churn_internal."profile_changing_@id@"();
CREATE OR REPLACE TRIGGER "pgchurn_@id@_change_update_end" AFTER UPDATE ON "@profile@"
    FOR EACH STATEMENT WHEN ("@changes_before_update@")
    EXECUTE FUNCTION churn_internal."profile_changing_@id@"();
