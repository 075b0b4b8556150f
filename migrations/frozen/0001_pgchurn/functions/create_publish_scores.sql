CREATE OR REPLACE FUNCTION churn_internal.create_publish_scores(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    publishes CONSTANT boolean :=
        attachment.notifications <> 'off' OR attachment.outbox <> 'off';
    crosses CONSTANT text := '(n.churn_score >= %1$L::double precision) IS DISTINCT FROM '
        'coalesce(f.churn_score >= %1$L::double precision, false)';
    placeholders CONSTANT jsonb :=
        churn_internal.attachment_placeholders(attachment) || jsonb_build_object(
            'notifies', attachment.notifications <> 'off',
            'is_told', CASE attachment.notifications
                WHEN 'threshold' THEN format(crosses, attachment.notification_threshold)
                ELSE 'true'
            END,
            'writes_outbox', attachment.outbox <> 'off',
            'is_written', CASE attachment.outbox
                WHEN 'threshold' THEN format(crosses, attachment.outbox_threshold)
                ELSE 'true'
            END
        );
    -- Null: there is no trigger.
    fires boolean;
    fits boolean;
BEGIN
    SELECT pg_get_triggerdef(t.oid) NOT LIKE '% WHEN (false) %',
           t.tgenabled = 'D'
           OR pg_get_triggerdef(t.oid) LIKE '% WHEN (true) %' = attachment.guarded
    INTO fires, fits
    FROM pg_catalog.pg_trigger t
    WHERE t.tgrelid = attachment.profile
      AND t.tgname = format('pgchurn_%s_downstream', attachment.attachment_id);

    IF publishes THEN
        PERFORM churn_internal.create_from_template('publish_scores', placeholders);
    END IF;

    -- A trigger is not replaced by its like: that would enable what somebody disabled.
    IF publishes AND (fires AND fits) IS NOT TRUE THEN
        -- What others write into the columns of pgchurn is no score, and is scored anew.
        PERFORM churn_internal.create_from_template('downstream_trigger', placeholders);
    ELSIF fires AND NOT publishes THEN
        -- Only the table's owner could drop it: it stays and never fires.
        PERFORM churn_internal.create_from_template('silent_downstream_trigger', placeholders);
    END IF;
    PERFORM churn_internal.describe_triggers(attachment);
END $body$;
COMMENT ON FUNCTION churn_internal.create_publish_scores IS
    'Writes the trigger that tells consumers of an attachment''s scores, or silences it.';
