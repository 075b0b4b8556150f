CREATE OR REPLACE FUNCTION churn.set_prediction_log(profile regclass, rate double precision)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'the prediction log is switched by a superuser',
            DETAIL = 'Whoever may read it sees features of all customers.';
    END IF;
    IF rate IS NULL OR NOT rate BETWEEN 0 AND 1 THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('rate must be from 0 to 1, not %s', coalesce(rate::text, 'null')),
            HINT = 'Pass 1 to log every score, 0.1 to log about a tenth, 0 to log none.';
    END IF;
    -- Whoever is writing scores has not seen it. Before the attachment is locked: ALTER
    -- TABLE, which locks it after its table, would wait for this as this would for that. And
    -- not the complaints, whose writers come to the profile next.
    EXECUTE format(
        'LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', churn_internal.table_name(profile)
    );
    -- Waits for whoever activates a version or fits the attachment to its tables.
    UPDATE churn.attachments a SET log_rate = rate
    WHERE a.attachment_id = attachment.attachment_id
    RETURNING a.* INTO attachment;
    PERFORM churn_internal.create_attachment_functions(attachment);
    IF rate > 0 THEN
        PERFORM churn_internal.create_prediction_partitions();
        PERFORM churn_internal.fit_profile_triggers(attachment);
    ELSE
        EXECUTE format('DROP TRIGGER IF EXISTS pgchurn_%s_log ON %s',
                       attachment.attachment_id, churn_internal.table_name(profile));
        EXECUTE format('DROP FUNCTION IF EXISTS churn_internal.log_predictions_%s()',
                       attachment.attachment_id);
    END IF;
END $body$;
COMMENT ON FUNCTION churn.set_prediction_log IS
    'Which share of the scores that are stored is appended to churn.predictions: from 0, '
    'none, to 1, all.';
