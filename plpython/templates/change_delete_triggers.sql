CREATE OR REPLACE TRIGGER "pgchurn_@id@_change_delete_begin" BEFORE DELETE ON "@profile@"
    FOR EACH STATEMENT WHEN ("@changes_before_delete@")
    EXECUTE FUNCTION churn_internal."profile_changing_@id@"();
CREATE OR REPLACE TRIGGER "pgchurn_@id@_change_delete_end" AFTER DELETE ON "@profile@"
    FOR EACH STATEMENT WHEN ("@changes_before_delete@")
    EXECUTE FUNCTION churn_internal."profile_changing_@id@"();
