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

-- Who waits goes on to.
INSERT INTO churn.rescoring_marks (attachment_id, key, marked_at)
SELECT m.attachment_id, m.key, min(m.marked_at) FROM churn.scoring_marks m
GROUP BY m.attachment_id, m.key
ON CONFLICT (attachment_id, key) DO NOTHING;
COMMENT ON TABLE churn.rescoring_marks IS
    'Customers whose score is to be computed: those who changed in queued mode, and '
    'those whose last score failed. churn.work and churn.repair score them and clear '
    'their marks. A failure counts until the customer is scored after it.';
