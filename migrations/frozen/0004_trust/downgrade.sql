DROP VIEW churn.health;
DROP PROCEDURE churn.repair;
-- Written by this revision's templates for every attachment.
DO $generated$
DECLARE
    attachment_id integer;
BEGIN
    FOR attachment_id IN
        SELECT a.attachment_id FROM churn.attachments a WHERE a.detached_at IS NULL
    LOOP
        EXECUTE pg_catalog.format(
            'DROP FUNCTION churn.repair_profiles_%1$s, churn.marked_profiles_%1$s',
            attachment_id
        );
    END LOOP;
END
$generated$;
DROP FUNCTION
    churn.check_batches,
    churn.mark_for_rescoring,
    churn.marks_of,
    churn.set_score_timeout,
    churn.wrong_profiles;
DROP TABLE churn.rescoring_marks;
ALTER TABLE churn.attachments DROP COLUMN score_timeout;
