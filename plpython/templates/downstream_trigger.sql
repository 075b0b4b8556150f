CREATE OR REPLACE TRIGGER "pgchurn_@id@_downstream" AFTER UPDATE ON "@profile@"
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT WHEN ("@by_pgchurn@")
    EXECUTE FUNCTION churn_internal."publish_scores_@id@"();
