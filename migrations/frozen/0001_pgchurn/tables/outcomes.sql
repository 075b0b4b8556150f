-- Without foreign keys, as churn.predictions, whose keys these are compared with.
CREATE TABLE churn.outcomes (
    outcome_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    outcome boolean,
    known_at timestamptz NOT NULL CHECK (known_at < 'infinity'),
    source text NOT NULL CHECK (source IN ('label', 'call')),
    recorded_by name NOT NULL DEFAULT session_user,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outcomes_key_idx ON churn.outcomes (attachment_id, key, known_at, outcome_id);
COMMENT ON TABLE churn.outcomes IS
    'What became of customers, as it became known: a label that is corrected, or set back to '
    'null, is another row. churn.expire_outcomes removes what no prediction needs any more.';
COMMENT ON COLUMN churn.outcomes.outcome_id IS
    'Tells which of several that were known at the same time was recorded last.';
COMMENT ON COLUMN churn.outcomes.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.outcomes.key IS
    'The profile row''s key, as text; when that changes, this does.';
COMMENT ON COLUMN churn.outcomes.outcome IS
    'Whether the customer has left; null: what was known before is withdrawn.';
COMMENT ON COLUMN churn.outcomes.known_at IS
    'Since when that is known; -infinity: since before all predictions.';
COMMENT ON COLUMN churn.outcomes.source IS
    'label: the column that churn.set_outcome names; call: churn.record_outcome or '
    'churn.known_outcomes.';
COMMENT ON COLUMN churn.outcomes.recorded_by IS 'Who changed the label, or called.';
COMMENT ON COLUMN churn.outcomes.recorded_at IS 'When it was recorded.';
ALTER TABLE churn.outcomes OWNER TO churn_owner;
GRANT SELECT ON churn.outcomes TO churn_loader, churn_scorer;

CREATE TABLE churn.actions (
    action_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    action text NOT NULL,
    at timestamptz NOT NULL CHECK (isfinite(at)),
    recorded_by name NOT NULL DEFAULT session_user,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX actions_key_idx ON churn.actions (attachment_id, key, at);
COMMENT ON TABLE churn.actions IS
    'What was done to keep customers: who was acted upon changes what becomes of them.';
COMMENT ON COLUMN churn.actions.action_id IS 'Tells actions apart.';
COMMENT ON COLUMN churn.actions.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.actions.key IS
    'The profile row''s key, as text; when that changes, this does.';
COMMENT ON COLUMN churn.actions.action IS 'What was done: a call, an offer.';
COMMENT ON COLUMN churn.actions.at IS 'When it was done.';
COMMENT ON COLUMN churn.actions.recorded_by IS 'Who recorded it.';
COMMENT ON COLUMN churn.actions.recorded_at IS 'When it was recorded.';
ALTER TABLE churn.actions OWNER TO churn_owner;
GRANT SELECT ON churn.actions TO churn_loader, churn_scorer;
