-- For profiles on which others have triggers, checks and the like: see
-- churn_internal.logging.
CREATE OR REPLACE FUNCTION churn_internal."log_predictions_@id@"() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- So that every digit of a double is written, whatever the session has its floats print.
SET extra_float_digits = 1 AS $function$
DECLARE
    own boolean := false;
BEGIN
    IF current_setting('churn.writing', true) <> '' THEN
        BEGIN
            own := abs(currval('churn_internal.own_writes'))
                = churn_internal.own_write("@id@", pg_trigger_depth() - 1);
        EXCEPTION WHEN object_not_in_prerequisite_state THEN
            -- Somebody pretends: this session has not written any profile yet.
        END;
    END IF;
    IF NOT own THEN
        RETURN NULL;
    END IF;
    -- Who waits in the queue has a score of no version, and none of it is logged.
    -- Mostly all rows of a statement were scored by it, and then a score is later than
    -- the transaction. Where some failed and keep the score they had, it is also later
    -- than all former ones: to ask for these in every statement took a twentieth of a
    -- single INSERT. A join with them, planned when a session's first UPDATE was of one
    -- row, took 10 s instead of 0.2 for 20,000 rows. (What a clock that was ahead has
    -- left behind tells nothing.)
    IF current_setting('churn.score_failed', true) <> '' THEN
        INSERT INTO churn.predictions (
            attachment_id, key, version, score, features, cause, predicted_at
        )
        SELECT "@id@", n."@key@"::text, n.churn_model_version, n.churn_score, "@features@",
               coalesce(nullif(current_setting('churn.score_cause', true), ''), 'batch'),
               n.churn_scored_at
        FROM updated n
        WHERE n.churn_scored_at > now() AND n.churn_scored_at <= clock_timestamp()
          AND n.churn_model_version IS NOT NULL AND "@sampled@"
          AND n.churn_scored_at > (
            SELECT coalesce(max(f.churn_scored_at), '-infinity') FROM former f
            WHERE f.churn_scored_at <= clock_timestamp()
        );
    ELSE
        INSERT INTO churn.predictions (
            attachment_id, key, version, score, features, cause, predicted_at
        )
        SELECT "@id@", n."@key@"::text, n.churn_model_version, n.churn_score, "@features@",
               coalesce(nullif(current_setting('churn.score_cause', true), ''), 'batch'),
               n.churn_scored_at
        FROM updated n
        WHERE n.churn_scored_at > now() AND n.churn_scored_at <= clock_timestamp()
          AND n.churn_model_version IS NOT NULL AND "@sampled@";
    END IF;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION churn_internal."log_predictions_@id@" IS '@log_comment@';
ALTER FUNCTION churn_internal."log_predictions_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."log_predictions_@id@" FROM PUBLIC;
