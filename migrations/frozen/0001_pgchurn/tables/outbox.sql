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
    scored_at timestamptz NOT NULL,
    cause text NOT NULL DEFAULT 'data' CHECK (cause IN ('data', 'version'))
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
COMMENT ON COLUMN churn.outbox.cause IS
    'Why it may differ: version, another one than before has scored the customer; data, what is '
    'known of the customer.';
ALTER TABLE churn.outbox OWNER TO churn_owner;
GRANT SELECT ON churn.outbox TO churn_loader, churn_scorer;

-- Numbered by the sequence of churn.outbox, so that a consumer of both tells all repeats by
-- their change_id.
CREATE TABLE churn.alert_outbox (
    change_id bigint PRIMARY KEY,
    attachment_id integer NOT NULL,
    profile text NOT NULL,
    event text NOT NULL CHECK (event IN ('opened', 'resolved')),
    alert_id bigint NOT NULL,
    version bigint,
    metric text NOT NULL,
    feature text,
    value double precision,
    "limit" double precision,
    n bigint NOT NULL,
    windows integer NOT NULL,
    detail text,
    opened_at timestamptz NOT NULL,
    resolved_at timestamptz,
    told_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE churn.alert_outbox IS
    'Onsets and ends of alerts, for consumers that must miss none, as churn.outbox. '
    'churn.expire_outbox removes old rows.';
COMMENT ON COLUMN churn.alert_outbox.change_id IS
    'The key by which a consumer drops repeats: of this table and churn.outbox together.';
COMMENT ON COLUMN churn.alert_outbox.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.alert_outbox.profile IS 'The profile''s name at that time.';
COMMENT ON COLUMN churn.alert_outbox.event IS 'opened or resolved.';
COMMENT ON COLUMN churn.alert_outbox.alert_id IS 'The alert, of churn.alerts.';
COMMENT ON COLUMN churn.alert_outbox.version IS
    'The version whose scores were looked at; null: no version gave them.';
COMMENT ON COLUMN churn.alert_outbox.metric IS 'What is, or was, out of its limits.';
COMMENT ON COLUMN churn.alert_outbox.feature IS 'Of which feature; null: of none.';
COMMENT ON COLUMN churn.alert_outbox.value IS
    'What was measured in the last window with a finding.';
COMMENT ON COLUMN churn.alert_outbox."limit" IS 'The limit there; null: there is none.';
COMMENT ON COLUMN churn.alert_outbox.n IS 'How many rows that was measured on.';
COMMENT ON COLUMN churn.alert_outbox.windows IS
    'In how many windows there was a finding so far.';
COMMENT ON COLUMN churn.alert_outbox.detail IS 'The finding in words.';
COMMENT ON COLUMN churn.alert_outbox.opened_at IS
    'Until when churn.monitor had looked when it opened it.';
COMMENT ON COLUMN churn.alert_outbox.resolved_at IS
    'Until when churn.monitor had looked when it was over; null: it is open.';
COMMENT ON COLUMN churn.alert_outbox.told_at IS 'When the row was written.';
ALTER TABLE churn.alert_outbox OWNER TO churn_owner;
GRANT SELECT ON churn.alert_outbox TO churn_loader, churn_scorer;
