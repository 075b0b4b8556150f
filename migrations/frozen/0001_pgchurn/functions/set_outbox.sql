CREATE OR REPLACE FUNCTION churn.set_outbox(
    profile regclass, mode text, threshold double precision DEFAULT NULL
) RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
BEGIN
    PERFORM churn_internal.check_publishing(mode, threshold);
    UPDATE churn.attachments a SET outbox = mode, outbox_threshold = threshold
    WHERE a.attachment_id = attachment.attachment_id
    RETURNING a.* INTO attachment;
    PERFORM churn_internal.create_publish_scores(attachment);
END $body$;
COMMENT ON FUNCTION churn.set_outbox IS
    'Which stored scores go to churn.outbox: off, every, or threshold, those that cross it.';
GRANT EXECUTE ON FUNCTION churn.set_outbox TO churn_loader;
