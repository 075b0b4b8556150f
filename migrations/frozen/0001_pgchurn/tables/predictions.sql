-- No foreign key: it would be asked for each row, of attachments and versions, which are
-- never deleted. And json: 14 features took 8 us to write, as jsonb 14. Keys in byte order
-- took 3 us less than in a language's.
CREATE TABLE churn.predictions (
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    score double precision NOT NULL,
    features json NOT NULL,
    cause text NOT NULL,
    predicted_at timestamptz NOT NULL
) PARTITION BY RANGE (predicted_at);
-- So that its rows can be deleted where all tables are published. It says nothing of the
-- partitions, which have it each.
ALTER TABLE churn.predictions REPLICA IDENTITY FULL;
CREATE INDEX predictions_key_idx ON churn.predictions (attachment_id, key, predicted_at);
COMMENT ON TABLE churn.predictions IS
    'Every score that was stored while churn.set_prediction_log had it logged, a partition '
    'for each month. churn.expire_predictions drops old ones and makes coming ones.';
COMMENT ON COLUMN churn.predictions.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.predictions.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn.predictions.version IS 'The version that gave the score.';
COMMENT ON COLUMN churn.predictions.score IS 'Probability of churn, 0 to 1.';
COMMENT ON COLUMN churn.predictions.features IS
    'The feature values by name, of that version and of the others that there were.';
COMMENT ON COLUMN churn.predictions.cause IS
    'What had it scored: complaint, profile (which is new or was updated), queue or batch.';
COMMENT ON COLUMN churn.predictions.predicted_at IS
    'When the score was given, as in the profile''s churn_scored_at.';
ALTER TABLE churn.predictions OWNER TO churn_owner;
GRANT SELECT ON churn.predictions TO churn_loader, churn_scorer;

CREATE TABLE churn_internal.predictions_default (LIKE churn.predictions INCLUDING ALL);
ALTER TABLE churn_internal.predictions_default REPLICA IDENTITY FULL;
COMMENT ON TABLE churn_internal.predictions_default IS
    'The net: what was logged in a month that no partition was made for.';
ALTER TABLE churn_internal.predictions_default OWNER TO churn_owner;
ALTER TABLE churn.predictions ATTACH PARTITION churn_internal.predictions_default DEFAULT;
