CREATE TABLE churn.scoring_marks (
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Nothing unique and no foreign key: every first complaint of a customer would pay for
-- them. A mark is made under the lock of its customer's row, which says whether there is
-- one already.
CREATE INDEX scoring_marks_marked_idx
    ON churn.scoring_marks (attachment_id, marked_at);
COMMENT ON TABLE churn.scoring_marks IS
    'Customers who changed in queued mode since they were scored. churn.work and '
    'churn.repair score them and clear their marks.';
COMMENT ON COLUMN churn.scoring_marks.attachment_id IS 'Whose profile.';
COMMENT ON COLUMN churn.scoring_marks.key IS 'The profile''s key, as text.';
COMMENT ON COLUMN churn.scoring_marks.marked_at IS 'When the customer was marked.';
COMMENT ON INDEX churn.scoring_marks_marked_idx IS
    'So that who has waited longest comes first.';
ALTER TABLE churn.scoring_marks OWNER TO churn_owner;
GRANT SELECT ON churn.scoring_marks TO churn_loader, churn_scorer;
COMMENT ON TABLE churn.rescoring_marks IS
    'Customers whose score is to be computed: those who changed in queued mode and have '
    'none, and those whose last score failed. churn.work and churn.repair score them and '
    'clear their marks. A failure counts until the customer is scored after it.';

-- They take a parameter more.
DROP FUNCTION churn.mark_for_scoring, churn.mark_for_rescoring;
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
