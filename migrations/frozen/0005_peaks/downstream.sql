-- Step by step: with a default, a column cannot be added to a type that functions take.
ALTER TABLE churn.attachments
    ADD COLUMN notifications text,
    ADD COLUMN notification_threshold double precision,
    ADD COLUMN outbox text,
    ADD COLUMN outbox_threshold double precision;
ALTER TABLE churn.attachments
    ALTER COLUMN notifications SET DEFAULT 'off',
    ALTER COLUMN outbox SET DEFAULT 'off';
UPDATE churn.attachments SET notifications = DEFAULT, outbox = DEFAULT;
ALTER TABLE churn.attachments
    ALTER COLUMN notifications SET NOT NULL,
    ALTER COLUMN outbox SET NOT NULL,
    ADD CONSTRAINT attachments_notifications_check CHECK (
        notifications IN ('off', 'every', 'threshold')
        AND (notifications = 'threshold') = (notification_threshold IS NOT NULL)
    ),
    ADD CONSTRAINT attachments_outbox_check CHECK (
        outbox IN ('off', 'every', 'threshold')
        AND (outbox = 'threshold') = (outbox_threshold IS NOT NULL)
    );
COMMENT ON COLUMN churn.attachments.notifications IS
    'Which stored scores are told by NOTIFY: off, every, or threshold, those that cross it.';
COMMENT ON COLUMN churn.attachments.notification_threshold IS
    'The threshold of notifications; null: not in this mode.';
COMMENT ON COLUMN churn.attachments.outbox IS
    'Which stored scores go to churn.outbox: off, every, or threshold, those that cross it.';
COMMENT ON COLUMN churn.attachments.outbox_threshold IS
    'The threshold of the outbox; null: not in this mode.';

-- Without a foreign key: its check would be made for every row, and only
-- churn.publish_scores_N writes here.
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
