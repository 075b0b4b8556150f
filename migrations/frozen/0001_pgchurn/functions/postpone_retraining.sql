CREATE OR REPLACE FUNCTION churn_internal.postpone_retraining(
    request_id bigint, attempt integer, waiting text
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
BEGIN
    UPDATE churn_internal.retrainings r SET
        waiting = postpone_retraining.waiting,
        -- By then more may be known.
        known_until = CASE WHEN r.version IS NOT NULL THEN r.known_until END
    WHERE r.request_id = postpone_retraining.request_id AND r.finished_at IS NULL
      AND r.attempts = postpone_retraining.attempt;
END $body$;
COMMENT ON FUNCTION churn_internal.postpone_retraining IS
    'Leaves a request open, and notes what it waits for or has failed by.';
GRANT EXECUTE ON FUNCTION churn_internal.postpone_retraining TO churn_loader;
