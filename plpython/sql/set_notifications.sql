CREATE OR REPLACE FUNCTION churn.set_notifications(
    profile regclass, mode text, threshold double precision DEFAULT NULL,
    refuse_prepared boolean DEFAULT false
) RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
BEGIN
    PERFORM churn_internal.check_publishing(mode, threshold);
    -- A transaction that has notified cannot be prepared.
    IF mode <> 'off' AND refuse_prepared IS NOT TRUE
       AND current_setting('max_prepared_transactions')::integer > 0
    THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'notifications would make PREPARE TRANSACTION fail',
            DETAIL = format('max_prepared_transactions is %s, so transactions that change'
                            ' scores may be prepared, and PostgreSQL prepares none that'
                            ' has notified.', current_setting('max_prepared_transactions')),
            HINT = 'Call churn.set_outbox instead, or pass refuse_prepared => true if'
                   ' none of them is ever prepared.';
    END IF;
    UPDATE churn.attachments a SET notifications = mode, notification_threshold = threshold
    WHERE a.attachment_id = attachment.attachment_id
    RETURNING a.* INTO attachment;
    PERFORM churn_internal.create_publish_scores(attachment);
END $body$;
COMMENT ON FUNCTION churn.set_notifications IS
    'Which stored scores are told by NOTIFY on churn_scores: off, every, or threshold, '
    'those that cross it.';
GRANT EXECUTE ON FUNCTION churn.set_notifications TO churn_loader;
