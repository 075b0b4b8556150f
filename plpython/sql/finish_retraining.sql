CREATE OR REPLACE FUNCTION churn_internal.finish_retraining(
    request_id bigint, attempt integer, decision text, decision_reason text, evidence jsonb,
    champion bigint, steps double precision[], hold interval, min_customers integer
) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    request churn_internal.retrainings;
    release bigint;
    compared bigint;
BEGIN
    SELECT r.* INTO request
    FROM churn_internal.retrainings r WHERE r.request_id = finish_retraining.request_id;
    -- Before the request is locked: churn.detach locks it after the attachment.
    IF decision = 'released' AND request.finished_at IS NULL THEN
        release := churn.release(
            (SELECT a.profile FROM churn.attachments a
             WHERE a.attachment_id = request.attachment_id),
            request.version, steps, hold, min_customers
        );
        compared := (
            SELECT p.champion FROM churn_internal.release_plans p WHERE p.release_id = release
        );
        IF compared <> champion THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = format('model version %s was activated meanwhile', compared),
                DETAIL = format('Model version %s was compared with version %s.',
                                request.version, champion),
                HINT = 'Call pgchurn retrain again: it compares with that one.';
        END IF;
    END IF;
    UPDATE churn_internal.retrainings r SET
        finished_at = clock_timestamp(), waiting = NULL,
        decision = finish_retraining.decision,
        decision_reason = finish_retraining.decision_reason,
        evidence = finish_retraining.evidence, release_id = release
    WHERE r.request_id = request.request_id AND r.finished_at IS NULL
      AND r.attempts = finish_retraining.attempt;
    IF NOT FOUND THEN
        PERFORM churn_internal.refuse_retraining(request_id);
    END IF;
    RETURN release;
END $body$;
COMMENT ON FUNCTION churn_internal.finish_retraining IS
    'Ends a request with a decision and what it rests on, and starts the release where the '
    'decision is that; an error where the version in force is not the one that was compared, '
    'or the request is somebody else''s. Returns the release.';
GRANT EXECUTE ON FUNCTION churn_internal.finish_retraining TO churn_loader;
