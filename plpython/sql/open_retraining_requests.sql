CREATE OR REPLACE FUNCTION churn.open_retraining_requests(profile regclass DEFAULT NULL)
RETURNS TABLE (request_id bigint, requested_for regclass, reason text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    wanted CONSTANT integer := CASE
        WHEN open_retraining_requests.profile IS NOT NULL
            THEN (churn_internal.attachment_of(open_retraining_requests.profile)).attachment_id
    END;
BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT a.attachment_id, a.profile, p.training_window, d.reason, d.alerts
        FROM churn_internal.retraining_plans p
        JOIN churn.attachments a USING (attachment_id)
        CROSS JOIN LATERAL churn_internal.retraining_due(a.attachment_id) d
        WHERE a.detached_at IS NULL AND (wanted IS NULL OR a.attachment_id = wanted)
          AND NOT EXISTS (
            SELECT FROM churn_internal.retrainings r
            WHERE r.attachment_id = a.attachment_id AND r.finished_at IS NULL
        )
          AND d.reason IS NOT NULL
    ),
    opened AS (
        INSERT INTO churn_internal.retrainings (attachment_id, reason, alerts, training_window)
        SELECT d.attachment_id, d.reason, coalesce(d.alerts, '{}'), d.training_window
        FROM due d ORDER BY d.attachment_id
        -- Somebody else has opened it at the same time.
        ON CONFLICT DO NOTHING
        RETURNING request_id, attachment_id
    )
    SELECT o.request_id, d.profile::regclass, d.reason
    FROM opened o JOIN due d USING (attachment_id) ORDER BY o.request_id;
END $body$;
COMMENT ON FUNCTION churn.open_retraining_requests IS
    'Opens a request to retrain each profile whose policy asks for it now, and that has none '
    'open; returns them. Null: of all profiles.';
GRANT EXECUTE ON FUNCTION churn.open_retraining_requests TO churn_loader;
