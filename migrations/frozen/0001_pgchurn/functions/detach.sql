CREATE OR REPLACE FUNCTION churn.detach(profile regclass) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
    generated text;
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'tables are detached by a superuser';
    END IF;
    PERFORM churn_internal.lock_deployments(attachment.attachment_id);
    PERFORM churn_internal.end_release(
        attachment.attachment_id, 'cancel', 'the table was detached', marks => false
    );
    PERFORM churn_internal.cancel_retraining(
        attachment.attachment_id, 'the table was detached'
    );
    -- The names, for when the tables have been dropped.
    UPDATE churn.attachments a SET
        detached_at = now(), log_rate = 0, outcome_label = NULL, positive_class = NULL,
        profile_name = churn_internal.table_name(attachment.profile),
        complaints_name = coalesce(
            churn_internal.table_name(attachment.complaints), attachment.complaints::text
        )
    WHERE a.attachment_id = attachment.attachment_id;
    DELETE FROM churn_internal.pending_profiles m
    WHERE m.attachment_id = attachment.attachment_id;
    DELETE FROM churn_internal.failed_profiles m
    WHERE m.attachment_id = attachment.attachment_id;
    PERFORM churn_internal.abandon_rescoring(attachment.attachment_id);
    -- Those of partitions go with them.
    FOR generated IN
        SELECT format('TRIGGER %I ON %s', t.tgname, churn_internal.table_name(t.tgrelid::regclass))
        FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid IN (attachment.profile, attachment.complaints)
          AND starts_with(t.tgname, format('pgchurn_%s_', attachment.attachment_id))
    LOOP
        EXECUTE format('DROP %s', generated);
    END LOOP;
    FOR generated IN
        SELECT format('FUNCTION %s', f.oid::regprocedure)
        FROM pg_catalog.pg_proc f
        WHERE (f.pronamespace = 'churn_internal'::regnamespace
               AND f.proname ~ format('^[a-z_]+_%s$', attachment.attachment_id))
           OR (f.pronamespace = 'churn'::regnamespace
               AND f.proname IN ('score', 'score_many', 'explain', 'what_would_help')
               AND f.proargtypes[0] IN (
                SELECT unnest(ARRAY[y.oid, y.typarray])
                FROM pg_catalog.pg_type y WHERE y.typrelid = attachment.profile
               ))
    LOOP
        EXECUTE format('DROP %s', generated);
    END LOOP;
    EXECUTE format(
        'ALTER TABLE %s DROP COLUMN complaint_count, DROP COLUMN last_complaint_at,'
        ' DROP COLUMN churn_score, DROP COLUMN churn_model_version,'
        ' DROP COLUMN churn_scored_at', churn_internal.table_name(attachment.profile)
    );
    PERFORM churn_internal.revoke_from_owner(attachment);
END $body$;
COMMENT ON FUNCTION churn.detach IS
    'Undoes churn.attach: the table''s own columns and all complaints stay.';
