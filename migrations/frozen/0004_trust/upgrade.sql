CREATE TABLE churn.rescoring_marks (
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    key text NOT NULL,
    version bigint,
    sqlstate text NOT NULL,
    reason text NOT NULL,
    failures bigint NOT NULL DEFAULT 1,
    first_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (attachment_id, key)
);
COMMENT ON TABLE churn.rescoring_marks IS
    'Customers whose last score failed. A mark counts until the customer is scored after '
    'it; churn.repair scores them again and clears marks that count no more.';
COMMENT ON COLUMN churn.rescoring_marks.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.rescoring_marks.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn.rescoring_marks.version IS 'The version that failed, the last time.';
COMMENT ON COLUMN churn.rescoring_marks.sqlstate IS 'What kind of failure it was.';
COMMENT ON COLUMN churn.rescoring_marks.reason IS 'The message that came with it.';
COMMENT ON COLUMN churn.rescoring_marks.failures IS 'How often it failed.';
COMMENT ON COLUMN churn.rescoring_marks.first_failed_at IS 'When it failed first.';
COMMENT ON COLUMN churn.rescoring_marks.last_failed_at IS 'When it failed last.';
ALTER TABLE churn.rescoring_marks OWNER TO churn_owner;
GRANT SELECT ON churn.rescoring_marks TO churn_loader, churn_scorer;

-- Step by step: with a default, a column cannot be added to a type that functions take.
ALTER TABLE churn.attachments ADD COLUMN score_timeout interval;
ALTER TABLE churn.attachments ALTER COLUMN score_timeout SET DEFAULT '5 s';
UPDATE churn.attachments SET score_timeout = DEFAULT;
ALTER TABLE churn.attachments ALTER COLUMN score_timeout SET NOT NULL;
COMMENT ON COLUMN churn.attachments.score_timeout IS
    'How long one call of the model may take before it counts as a failure.';
