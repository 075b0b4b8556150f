CREATE OR REPLACE FUNCTION churn.request_retraining(profile regclass, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    request bigint;
BEGIN
    LOOP
        INSERT INTO churn_internal.retrainings (attachment_id, reason, training_window)
        SELECT attachment.attachment_id,
               coalesce(request_retraining.reason, 'somebody asked for it'),
               (SELECT p.training_window FROM churn_internal.retraining_plans p
                WHERE p.attachment_id = attachment.attachment_id)
        ON CONFLICT DO NOTHING
        RETURNING request_id INTO request;
        EXIT WHEN request IS NOT NULL;
        SELECT r.request_id INTO request
        FROM churn_internal.retrainings r
        WHERE r.attachment_id = attachment.attachment_id AND r.finished_at IS NULL;
        -- Else that one has just been finished.
        EXIT WHEN request IS NOT NULL;
    END LOOP;
    RETURN request;
END $body$;
COMMENT ON FUNCTION churn.request_retraining IS
    'Asks for a profile to be retrained, whatever its policy says; returns the request, or the '
    'one that is open already.';
GRANT EXECUTE ON FUNCTION churn.request_retraining TO churn_loader;
