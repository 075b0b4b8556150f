CREATE OR REPLACE TRIGGER "pgchurn_@id@_log" AFTER UPDATE ON "@profile@"
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT WHEN ("@guarded@")
    EXECUTE FUNCTION churn_internal."log_predictions_@id@"();
