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

-- Queued mode. Who waits shows in churn.health, and churn.repair scores them.
DROP VIEW churn.queue;
DROP FUNCTION
    churn.create_work_profiles,
    churn.mark_for_scoring,
    churn.set_scoring_mode,
    churn.wake_workers,
    churn.work;
DROP FUNCTION churn.queue_lock;
DO $generated$
DECLARE
    generated record;
BEGIN
    FOR generated IN
        SELECT a.attachment_id FROM churn.attachments a WHERE a.detached_at IS NULL
    LOOP
        EXECUTE pg_catalog.format(
            'DROP FUNCTION churn.work_profiles_%1$s, churn.forget_profiles_%1$s, '
            'churn.write_profiles_%1$s', generated.attachment_id
        );
    END LOOP;
END
$generated$;
DROP INDEX churn.rescoring_marks_due_idx;
ALTER TABLE churn.rescoring_marks
    DROP COLUMN marked_at,
    DROP COLUMN due_at;
UPDATE churn.rescoring_marks SET
    sqlstate = '55000', reason = 'churn.work was removed before it came to this customer',
    failures = 1, first_failed_at = clock_timestamp(), last_failed_at = clock_timestamp()
WHERE failures = 0;
ALTER TABLE churn.rescoring_marks
    ALTER COLUMN key TYPE text COLLATE "default",
    ALTER COLUMN sqlstate SET NOT NULL,
    ALTER COLUMN reason SET NOT NULL,
    ALTER COLUMN failures SET DEFAULT 1,
    ALTER COLUMN first_failed_at SET DEFAULT clock_timestamp(),
    ALTER COLUMN first_failed_at SET NOT NULL,
    ALTER COLUMN last_failed_at SET DEFAULT clock_timestamp(),
    ALTER COLUMN last_failed_at SET NOT NULL,
    ADD FOREIGN KEY (attachment_id) REFERENCES churn.attachments;
COMMENT ON TABLE churn.rescoring_marks IS
    'Customers whose last score failed. A mark counts until the customer is scored after '
    'it; churn.repair scores them again and clears marks that count no more.';
COMMENT ON COLUMN churn.rescoring_marks.sqlstate IS 'What kind of failure it was.';
COMMENT ON COLUMN churn.rescoring_marks.failures IS 'How often it failed.';
ALTER TABLE churn.attachments DROP COLUMN scoring_mode;

-- Whole tables. Their parameters are others before this revision.
DO $generated$
DECLARE
    outdated regprocedure;
BEGIN
    FOR outdated IN
        SELECT f.oid FROM pg_catalog.pg_proc f
        JOIN churn.attachments a
            ON f.proname = pg_catalog.format('rescore_profiles_%s', a.attachment_id)
        WHERE f.pronamespace = 'churn'::regnamespace
    LOOP
        EXECUTE pg_catalog.format('DROP FUNCTION %s', outdated);
    END LOOP;
END
$generated$;
DROP PROCEDURE churn.rescore;
DROP VIEW churn.rescore_progress;
DROP FUNCTION
    churn.abandon_rescoring,
    churn.begin_rescoring,
    churn.end_rescoring,
    churn.key_order,
    churn.note_worker,
    churn.rescore_batch,
    churn.reserve_batch,
    churn.wait_for_batch;
DROP TABLE churn.rescore_ranges;
DROP TABLE churn.rescore_runs;
-- The prediction log: triggers and functions of attachments first.
DO $log$
DECLARE
    logged record;
BEGIN
    FOR logged IN
        SELECT a.attachment_id, n.nspname, c.relname
        FROM churn.attachments a
        JOIN pg_catalog.pg_class c ON c.oid = a.profile
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE a.detached_at IS NULL AND a.log_rate > 0
    LOOP
        EXECUTE pg_catalog.format(
            'DROP TRIGGER IF EXISTS pgchurn_%s_log ON %I.%I',
            logged.attachment_id, logged.nspname, logged.relname
        );
        EXECUTE pg_catalog.format('DROP FUNCTION churn.log_predictions_%s()',
                                  logged.attachment_id);
    END LOOP;
END
$log$;
DROP TRIGGER fit_prediction_log ON churn.deployments;
DROP FUNCTION
    churn.create_log_predictions,
    churn.create_prediction_partitions,
    churn.expire_predictions,
    churn.fit_prediction_log,
    churn.set_prediction_log,
    churn.why_changed;
DROP TABLE churn.predictions;
ALTER TABLE churn.attachments DROP COLUMN log_rate;

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

-- The scoring of queries, and the reading of pickles apart from the rest.
DROP FUNCTION
    churn.predict_query,
    churn.predict_many,
    churn.fetch_rows,
    churn.query_statement,
    churn.query_columns,
    churn.load_pickle_reader;
