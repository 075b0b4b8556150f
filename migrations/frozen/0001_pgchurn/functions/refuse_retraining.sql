CREATE OR REPLACE FUNCTION churn_internal.refuse_retraining(request_id bigint) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    request churn_internal.retrainings;
BEGIN
    SELECT r.* INTO request
    FROM churn_internal.retrainings r WHERE r.request_id = refuse_retraining.request_id;
    RAISE object_not_in_prerequisite_state USING
        MESSAGE = CASE
            WHEN request.finished_at IS NOT NULL
                THEN format('retraining request %s has ended', request_id)
            ELSE format('retraining request %s was taken by somebody else', request_id)
        END,
        DETAIL = coalesce(
            format('Its decision is "%s": %s.', request.decision, request.decision_reason),
            format('It was taken at %s by %s.', request.taken_at, request.taken_by)
        ),
        HINT = 'SELECT * FROM churn.retraining_requests tells more.';
END $body$;
COMMENT ON FUNCTION churn_internal.refuse_retraining IS
    'The error for who writes to a request that is not theirs any more.';
