CREATE OR REPLACE FUNCTION churn_internal.experiment_history(
    attachment churn.attachments, horizon interval
) RETURNS TABLE (
    key text, scored_at timestamptz, score double precision, has_left boolean
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
-- Where nothing is known of the tables yet, a loop within a loop looks cheap.
SET enable_nestloop = off
-- What is forbidden counts as costly, and what is costly would be compiled: 70 MB a session.
SET jit = off
SET timezone = 'UTC' AS $body$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT c.key, c.predicted_at, c.score, c.outcome FROM (%s) c',
        churn_internal.cohort_statement(attachment, false, true)
    ) USING attachment.attachment_id, NULL::bigint, now() - horizon - interval '1 year',
            now() - horizon, horizon;
END $body$;
COMMENT ON FUNCTION churn_internal.experiment_history IS
    'The first logged score of each customer in a year whose horizon has passed, and whether '
    'the customer left within it: what an experiment would have been on.';
