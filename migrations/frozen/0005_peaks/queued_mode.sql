-- Step by step: with a default, a column cannot be added to a type that functions take.
ALTER TABLE churn.attachments ADD COLUMN scoring_mode text;
ALTER TABLE churn.attachments ALTER COLUMN scoring_mode SET DEFAULT 'inline';
UPDATE churn.attachments SET scoring_mode = DEFAULT;
ALTER TABLE churn.attachments
    ALTER COLUMN scoring_mode SET NOT NULL,
    ADD CHECK (scoring_mode IN ('inline', 'queued'));
COMMENT ON COLUMN churn.attachments.scoring_mode IS
    'inline: a statement scores the customers that it changes; queued: it marks them.';

-- The foreign key goes, since every mark would lock the row of its attachment; rows of
-- attachments are never deleted.
ALTER TABLE churn.rescoring_marks
    DROP CONSTRAINT rescoring_marks_attachment_id_fkey,
    ALTER COLUMN key TYPE text COLLATE "C",
    ALTER COLUMN sqlstate DROP NOT NULL,
    ALTER COLUMN reason DROP NOT NULL,
    ALTER COLUMN failures SET DEFAULT 0,
    ALTER COLUMN first_failed_at DROP NOT NULL,
    ALTER COLUMN first_failed_at DROP DEFAULT,
    ALTER COLUMN last_failed_at DROP NOT NULL,
    ALTER COLUMN last_failed_at DROP DEFAULT,
    ADD COLUMN marked_at timestamptz,
    ADD COLUMN due_at timestamptz;
ALTER TABLE churn.rescoring_marks
    ALTER COLUMN marked_at SET DEFAULT clock_timestamp(),
    ALTER COLUMN due_at SET DEFAULT clock_timestamp();
UPDATE churn.rescoring_marks SET marked_at = first_failed_at, due_at = DEFAULT;
ALTER TABLE churn.rescoring_marks
    ALTER COLUMN marked_at SET NOT NULL,
    ALTER COLUMN due_at SET NOT NULL;
CREATE INDEX rescoring_marks_due_idx ON churn.rescoring_marks (attachment_id, due_at);
COMMENT ON TABLE churn.rescoring_marks IS
    'Customers whose score is to be computed: those who changed in queued mode, and '
    'those whose last score failed. churn.work and churn.repair score them and clear '
    'their marks. A failure counts until the customer is scored after it.';
COMMENT ON COLUMN churn.rescoring_marks.sqlstate IS
    'What kind of failure it was; null: it has not failed.';
COMMENT ON COLUMN churn.rescoring_marks.failures IS
    'How often it failed; 0: the customer merely waits.';
COMMENT ON COLUMN churn.rescoring_marks.marked_at IS 'When the customer was marked.';
COMMENT ON COLUMN churn.rescoring_marks.due_at IS
    'When churn.work may try it: after a failure in ever longer pauses, an hour at most.';

-- It takes a parameter more.
DO $generated$
DECLARE
    generated record;
BEGIN
    FOR generated IN
        SELECT a.attachment_id FROM churn.attachments a WHERE a.detached_at IS NULL
    LOOP
        EXECUTE pg_catalog.format(
            'DROP FUNCTION churn.write_profiles_%s', generated.attachment_id
        );
    END LOOP;
END
$generated$;
