CREATE OR REPLACE FUNCTION churn_internal.begin_retraining(request_id bigint)
RETURNS TABLE (
    attempt integer, profile text, label name, training_window interval,
    known_until timestamptz, version bigint, waiting text, must_be_signed boolean
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    request churn_internal.retrainings;
    attachment churn.attachments;
    challenger bigint;
BEGIN
    -- Waits for whoever was killed while committing: then it is known what became of that.
    SELECT r.* INTO request
    FROM churn_internal.retrainings r
    WHERE r.request_id = begin_retraining.request_id AND r.finished_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT a.* INTO attachment
    FROM churn.attachments a WHERE a.attachment_id = request.attachment_id;
    challenger := (
        SELECT d.challenger FROM churn_internal.active_deployment(request.attachment_id) d
    );
    RETURN QUERY
    UPDATE churn_internal.retrainings r SET
        attempts = r.attempts + 1, taken_by = session_user, taken_at = clock_timestamp(),
        known_until = CASE
            WHEN challenger IS NULL THEN coalesce(r.known_until, clock_timestamp())
            ELSE r.known_until
        END,
        version = (
            SELECT m.version FROM churn.models m
            WHERE m.version = r.version AND m.deleted_at IS NULL
        ),
        waiting = CASE
            WHEN challenger IS NOT NULL
                THEN format('a release of model version %s is under way', challenger)
        END
    WHERE r.request_id = request.request_id
    RETURNING r.attempts, churn_internal.table_name(attachment.profile),
              attachment.outcome_label, r.training_window, r.known_until, r.version,
              r.waiting, EXISTS (SELECT FROM churn_trust.keys_in_force());
END $body$;
COMMENT ON FUNCTION churn_internal.begin_retraining IS
    'Notes that a request is taken, and returns what it is about; what it waits for, where that '
    'is so. No row: it has ended. Hold it before.';
GRANT EXECUTE ON FUNCTION churn_internal.begin_retraining TO churn_loader;
