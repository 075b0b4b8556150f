CREATE TABLE churn_internal.retraining_plans (
    attachment_id integer PRIMARY KEY REFERENCES churn.attachments,
    every interval CHECK (every > interval '0'),
    min_new_outcomes bigint CHECK (min_new_outcomes >= 1),
    on_drift boolean NOT NULL,
    on_performance boolean NOT NULL,
    training_window interval CHECK (training_window > interval '0'),
    set_by name NOT NULL DEFAULT session_user,
    set_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE churn_internal.retraining_plans IS
    'When profiles are retrained, as churn.set_retraining was told; churn.retraining_policies '
    'shows them.';
COMMENT ON COLUMN churn_internal.retraining_plans.attachment_id IS
    'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.retraining_plans.every IS
    'How long after the last time; null: time alone does not ask for it.';
COMMENT ON COLUMN churn_internal.retraining_plans.min_new_outcomes IS
    'Of how many customers more it has to be known what became of them; null: of any.';
COMMENT ON COLUMN churn_internal.retraining_plans.on_drift IS
    'Whether alerts on features and scores ask for it.';
COMMENT ON COLUMN churn_internal.retraining_plans.on_performance IS
    'Whether alerts on performance and calibration do.';
COMMENT ON COLUMN churn_internal.retraining_plans.training_window IS
    'Over how long a time the customers were scored who are trained on; null: any.';
COMMENT ON COLUMN churn_internal.retraining_plans.set_by IS 'Who said so.';
COMMENT ON COLUMN churn_internal.retraining_plans.set_at IS 'When.';
ALTER TABLE churn_internal.retraining_plans OWNER TO churn_owner;

-- Without a foreign key to versions: one that was never active can be deleted.
CREATE TABLE churn_internal.retrainings (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    reason text NOT NULL,
    alerts bigint[] NOT NULL DEFAULT '{}',
    training_window interval,
    requested_by name NOT NULL DEFAULT session_user,
    requested_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    taken_by name,
    taken_at timestamptz,
    known_until timestamptz,
    waiting text,
    version bigint,
    finished_at timestamptz,
    decision text CHECK (decision IN ('released', 'kept', 'cancelled')),
    decision_reason text,
    release_id bigint,
    evidence jsonb,
    CHECK (num_nulls(finished_at, decision, decision_reason) IN (0, 3)),
    CHECK ((decision = 'released') = (release_id IS NOT NULL))
);
-- One for each profile: which makes two who ask at once open one as well.
CREATE UNIQUE INDEX retrainings_open_idx ON churn_internal.retrainings (attachment_id)
    WHERE finished_at IS NULL;
COMMENT ON TABLE churn_internal.retrainings IS
    'Retrainings that were asked for, and what was decided; churn.retraining_requests shows '
    'them.';
COMMENT ON COLUMN churn_internal.retrainings.request_id IS 'Ascends.';
COMMENT ON COLUMN churn_internal.retrainings.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.retrainings.reason IS 'Why it was asked for.';
COMMENT ON COLUMN churn_internal.retrainings.alerts IS
    'The alerts that asked for it: none of them asks twice.';
COMMENT ON COLUMN churn_internal.retrainings.training_window IS
    'As the policy had it when it was asked for.';
COMMENT ON COLUMN churn_internal.retrainings.requested_by IS 'Who asked.';
COMMENT ON COLUMN churn_internal.retrainings.requested_at IS 'When.';
COMMENT ON COLUMN churn_internal.retrainings.attempts IS
    'How often it was taken. Who took it writes only while this is what it was then.';
COMMENT ON COLUMN churn_internal.retrainings.taken_by IS 'Who took it last.';
COMMENT ON COLUMN churn_internal.retrainings.taken_at IS 'When.';
COMMENT ON COLUMN churn_internal.retrainings.known_until IS
    'What was known by then is trained and compared on; it stays when it is taken up again '
    'after a kill.';
COMMENT ON COLUMN churn_internal.retrainings.waiting IS
    'What it waits for, or what the last attempt has failed by; null: nothing.';
COMMENT ON COLUMN churn_internal.retrainings.version IS
    'The version that was registered for it; null: none yet.';
COMMENT ON COLUMN churn_internal.retrainings.finished_at IS 'When it ended; null: it is open.';
COMMENT ON COLUMN churn_internal.retrainings.decision IS
    'released, kept (the version in force stays), or cancelled; null: it is open.';
COMMENT ON COLUMN churn_internal.retrainings.decision_reason IS 'Why, in words.';
COMMENT ON COLUMN churn_internal.retrainings.release_id IS
    'The release that was started; null: none was.';
COMMENT ON COLUMN churn_internal.retrainings.evidence IS
    'What it was decided by: cohorts, comparison, calibration.';
ALTER TABLE churn_internal.retrainings OWNER TO churn_owner;
