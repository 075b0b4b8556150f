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
