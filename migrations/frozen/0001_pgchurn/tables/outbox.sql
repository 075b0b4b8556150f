-- Without a foreign key: its check would be made for every row, and only
-- churn_internal.publish_scores_N writes here.
CREATE TABLE churn.outbox (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL,
    profile text NOT NULL,
    key text NOT NULL,
    former_score double precision,
    score double precision NOT NULL,
    former_version bigint,
    version bigint NOT NULL,
    scored_at timestamptz NOT NULL
);
COMMENT ON TABLE churn.outbox IS
    'Changes of scores, for consumers that must miss none: they read it by logical '
    'decoding, in the order of commits. churn.expire_outbox removes old rows.';
COMMENT ON COLUMN churn.outbox.change_id IS
    'The key by which a consumer drops repeats; not in the order of commits.';
COMMENT ON COLUMN churn.outbox.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.outbox.profile IS 'The profile''s name at that time.';
COMMENT ON COLUMN churn.outbox.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn.outbox.former_score IS 'The score before; null: there was none.';
COMMENT ON COLUMN churn.outbox.score IS 'The score that was stored.';
COMMENT ON COLUMN churn.outbox.former_version IS 'The version that gave the score before.';
COMMENT ON COLUMN churn.outbox.version IS 'The version that gave the score.';
COMMENT ON COLUMN churn.outbox.scored_at IS 'When the score was given.';
ALTER TABLE churn.outbox OWNER TO churn_owner;
GRANT SELECT ON churn.outbox TO churn_loader, churn_scorer;
