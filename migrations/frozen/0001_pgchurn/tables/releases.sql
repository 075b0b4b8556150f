-- What was asked for. The steps themselves are rows of churn.deployments.
CREATE TABLE churn_internal.release_plans (
    release_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    champion bigint NOT NULL REFERENCES churn.models,
    challenger bigint NOT NULL REFERENCES churn.models,
    steps double precision[] NOT NULL,
    hold interval NOT NULL,
    min_customers integer NOT NULL,
    on_guardrail text NOT NULL CHECK (on_guardrail IN ('rollback', 'hold')),
    limits jsonb NOT NULL,
    allow_older boolean NOT NULL,
    allow_expired boolean NOT NULL,
    salt bigint NOT NULL,
    started_by name NOT NULL DEFAULT session_user,
    started_at timestamptz NOT NULL DEFAULT now(),
    held_at timestamptz,
    held_by name,
    held_reason text,
    measured_at timestamptz,
    CHECK (num_nulls(held_at, held_by) IN (0, 2))
);
COMMENT ON TABLE churn_internal.release_plans IS
    'Releases as churn.release was asked for them; churn.releases shows them.';
COMMENT ON COLUMN churn_internal.release_plans.release_id IS 'Ascends.';
COMMENT ON COLUMN churn_internal.release_plans.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.release_plans.champion IS 'The version in force at its start.';
COMMENT ON COLUMN churn_internal.release_plans.challenger IS 'The version that is released.';
COMMENT ON COLUMN churn_internal.release_plans.steps IS
    'Percentages of the customers, ascending: 0 is a shadow, 100 an activation.';
COMMENT ON COLUMN churn_internal.release_plans.hold IS 'How long a step lasts at least.';
COMMENT ON COLUMN churn_internal.release_plans.min_customers IS
    'How many customers a step scores at least before the next.';
COMMENT ON COLUMN churn_internal.release_plans.on_guardrail IS
    'What a guardrail that fails leads to: rollback or hold.';
COMMENT ON COLUMN churn_internal.release_plans.limits IS
    'Limits of guardrails, where they are not the usual ones.';
COMMENT ON COLUMN churn_internal.release_plans.allow_older IS
    'Whether an older version may take the place of a newer one, as in churn.activate_model.';
COMMENT ON COLUMN churn_internal.release_plans.allow_expired IS
    'Whether what was signed may have expired, as in churn.activate_model.';
COMMENT ON COLUMN churn_internal.release_plans.salt IS 'See churn_internal.in_arm.';
COMMENT ON COLUMN churn_internal.release_plans.started_by IS 'Who started it.';
COMMENT ON COLUMN churn_internal.release_plans.started_at IS 'When it was started.';
COMMENT ON COLUMN churn_internal.release_plans.held_at IS
    'Since when it is held at its step; null: it is not.';
COMMENT ON COLUMN churn_internal.release_plans.held_by IS 'Who holds it.';
COMMENT ON COLUMN churn_internal.release_plans.held_reason IS 'Why; null: nobody said so.';
COMMENT ON COLUMN churn_internal.release_plans.measured_at IS
    'When its guardrails were measured last.';
ALTER TABLE churn_internal.release_plans OWNER TO churn_owner;

-- Without foreign keys, as churn.monitor_results.
CREATE TABLE churn.release_evidence (
    evidence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    release_id bigint NOT NULL,
    step integer NOT NULL,
    measured_at timestamptz NOT NULL,
    guardrail text NOT NULL,
    value double precision,
    lower double precision,
    upper double precision,
    "limit" double precision,
    n bigint NOT NULL,
    result text NOT NULL CHECK (result IN ('success', 'failure', 'inconclusive')),
    detail text
);
CREATE INDEX release_evidence_release_idx
    ON churn.release_evidence (release_id, measured_at);
COMMENT ON TABLE churn.release_evidence IS
    'What the guardrails of releases have measured, and what came of it. Append-only.';
COMMENT ON COLUMN churn.release_evidence.evidence_id IS 'Ascends.';
COMMENT ON COLUMN churn.release_evidence.release_id IS 'The release: see churn.releases.';
COMMENT ON COLUMN churn.release_evidence.step IS 'Which of its steps, from 1.';
COMMENT ON COLUMN churn.release_evidence.measured_at IS 'When it was measured.';
COMMENT ON COLUMN churn.release_evidence.guardrail IS
    'What was measured; step: what the step has come to.';
COMMENT ON COLUMN churn.release_evidence.value IS 'What it was; null: it could not be measured.';
COMMENT ON COLUMN churn.release_evidence.lower IS
    'Where the true value lies with a confidence of 99.9 %: from here; null: not known.';
COMMENT ON COLUMN churn.release_evidence.upper IS 'To here; null: not known.';
COMMENT ON COLUMN churn.release_evidence."limit" IS 'What it may be at most; null: anything.';
COMMENT ON COLUMN churn.release_evidence.n IS 'Of how many customers.';
COMMENT ON COLUMN churn.release_evidence.result IS
    'success; failure: surely beyond the limit; inconclusive: nobody can tell yet.';
COMMENT ON COLUMN churn.release_evidence.detail IS 'The same in words; null: nothing to add.';
ALTER TABLE churn.release_evidence OWNER TO churn_owner;
GRANT SELECT ON churn.release_evidence TO churn_loader, churn_scorer;
