CREATE OR REPLACE TRIGGER "pgchurn_@id@_downstream" AFTER UPDATE ON "@profile@"
    FOR EACH STATEMENT WHEN (false)
    EXECUTE FUNCTION churn_internal."publish_scores_@id@"();
