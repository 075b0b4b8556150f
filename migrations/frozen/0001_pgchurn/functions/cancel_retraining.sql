CREATE OR REPLACE FUNCTION churn_internal.cancel_retraining(attachment_id integer, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    cancelled bigint;
BEGIN
    DELETE FROM churn_internal.retraining_plans p
    WHERE p.attachment_id = cancel_retraining.attachment_id;
    -- Who is at it finds that out when it has to be written.
    UPDATE churn_internal.retrainings r SET
        finished_at = clock_timestamp(), decision = 'cancelled',
        decision_reason = cancel_retraining.reason
    WHERE r.attachment_id = cancel_retraining.attachment_id AND r.finished_at IS NULL
    RETURNING r.request_id INTO cancelled;
    RETURN cancelled;
END $body$;
COMMENT ON FUNCTION churn_internal.cancel_retraining IS
    'Takes back when a profile is retrained, and the request that is open; returns that '
    'request, null where there is none.';
