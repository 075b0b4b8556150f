-- What was asked for. Where it begins and ends is in churn.deployments.
CREATE TABLE churn_internal.experiment_plans (
    experiment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL REFERENCES churn.attachments,
    champion bigint NOT NULL REFERENCES churn.models,
    challenger bigint NOT NULL REFERENCES churn.models,
    -- In 65,536ths, of each of the two arms.
    share integer NOT NULL CHECK (share BETWEEN 1 AND 32768),
    salt bigint NOT NULL,
    horizon interval NOT NULL CHECK (horizon > interval '0'),
    effect double precision NOT NULL CHECK (effect > 0 AND effect <= 1),
    expected bigint NOT NULL CHECK (expected > 0),
    days double precision,
    started_by name NOT NULL DEFAULT session_user,
    started_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE churn_internal.experiment_plans IS
    'Experiments as churn.start_experiment was asked for them; churn.experiments shows them.';
COMMENT ON COLUMN churn_internal.experiment_plans.experiment_id IS 'Ascends.';
COMMENT ON COLUMN churn_internal.experiment_plans.attachment_id IS
    'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.experiment_plans.champion IS
    'The version in force at its start, which scores the other arm.';
COMMENT ON COLUMN churn_internal.experiment_plans.challenger IS 'The version that is tried.';
COMMENT ON COLUMN churn_internal.experiment_plans.share IS
    'The share of the customers in each arm, in 65,536ths: the challenger''s are the first '
    'slots of churn_internal.in_arm''s hash, the champion''s as many of the last.';
COMMENT ON COLUMN churn_internal.experiment_plans.salt IS 'See churn_internal.in_arm.';
COMMENT ON COLUMN churn_internal.experiment_plans.horizon IS
    'How long after the exposure a customer who leaves counts.';
COMMENT ON COLUMN churn_internal.experiment_plans.effect IS
    'The part of those who would leave that is hoped to be kept.';
COMMENT ON COLUMN churn_internal.experiment_plans.expected IS
    'How many customers of both arms it was planned for, to which the bounds are tuned.';
COMMENT ON COLUMN churn_internal.experiment_plans.days IS
    'How many days it was expected to take; null: nobody estimated it.';
COMMENT ON COLUMN churn_internal.experiment_plans.started_by IS 'Who started it.';
COMMENT ON COLUMN churn_internal.experiment_plans.started_at IS 'When it was started.';
ALTER TABLE churn_internal.experiment_plans OWNER TO churn_owner;

-- Without foreign keys, as churn.predictions. And without a unique index, since a key that
-- changes may become one that somebody else had: a customer's first exposure counts.
CREATE TABLE churn.exposures (
    exposure_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL,
    experiment_id bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    covariate double precision,
    exposed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX exposures_key_idx ON churn.exposures (attachment_id, key, experiment_id);
CREATE INDEX exposures_experiment_idx ON churn.exposures (experiment_id);
COMMENT ON TABLE churn.exposures IS
    'When customers were first scored in an arm of an experiment: from then on they count in '
    'it, whatever version scores them later. Append-only.';
COMMENT ON COLUMN churn.exposures.exposure_id IS 'Tells exposures apart.';
COMMENT ON COLUMN churn.exposures.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.exposures.experiment_id IS 'The experiment: see churn.experiments.';
COMMENT ON COLUMN churn.exposures.key IS
    'The profile row''s key, as text; when that changes, this does.';
COMMENT ON COLUMN churn.exposures.version IS 'The version that scores the customer''s arm.';
COMMENT ON COLUMN churn.exposures.covariate IS
    'The champion''s score at that time, by either arm; null: it could not score the row.';
COMMENT ON COLUMN churn.exposures.exposed_at IS 'Since when the customer counts.';
ALTER TABLE churn.exposures OWNER TO churn_owner;
GRANT SELECT ON churn.exposures TO churn_loader, churn_scorer;
