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
