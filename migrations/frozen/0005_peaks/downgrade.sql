DROP FUNCTION
    churn.create_complaints_changed,
    churn.create_profiles_changed,
    churn.create_read_profiles,
    churn.create_repair_functions,
    churn.create_rescore_profiles,
    churn.create_score_function,
    churn.create_score_many_function,
    churn.create_verify_profiles,
    churn.create_write_profiles;

-- Whoever listens downstream.
DO $generated$
DECLARE
    generated record;
BEGIN
    FOR generated IN
        SELECT t.tgname, n.nspname, c.relname
        FROM pg_catalog.pg_trigger t
        JOIN churn.attachments a ON a.profile = t.tgrelid
        JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE t.tgname = pg_catalog.format('pgchurn_%s_downstream', a.attachment_id)
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER %I ON %I.%I', generated.tgname,
                                  generated.nspname, generated.relname);
    END LOOP;
    FOR generated IN
        SELECT f.proname
        FROM pg_catalog.pg_proc f
        JOIN churn.attachments a
            ON f.proname = pg_catalog.format('publish_scores_%s', a.attachment_id)
        WHERE f.pronamespace = 'churn'::pg_catalog.regnamespace
    LOOP
        EXECUTE pg_catalog.format('DROP FUNCTION churn.%I', generated.proname);
    END LOOP;
END
$generated$;
DROP FUNCTION
    churn.check_publishing,
    churn.create_publish_scores,
    churn.expire_outbox,
    churn.set_notifications,
    churn.set_outbox;
DROP TABLE churn.outbox;
ALTER TABLE churn.attachments
    DROP COLUMN notifications,
    DROP COLUMN notification_threshold,
    DROP COLUMN outbox,
    DROP COLUMN outbox_threshold;
