CREATE OR REPLACE VIEW churn.experiments (
    experiment_id, profile, champion, challenger, state, share, horizon, expected, days,
    champion_customers, challenger_customers, sample_ratio, ratio_mismatch,
    champion_known, challenger_known, champion_left, challenger_left, difference, lower,
    upper, verdict, missing, started_by, started_at, ended_at, reason
) AS
    SELECT p.experiment_id, a.profile, p.champion, p.challenger,
           CASE WHEN ended.action IS NULL THEN 'under way' ELSE 'ended' END AS state,
           p.share * 100 / 65536::double precision AS share, p.horizon, p.expected,
           p.days,
           r.champion_customers, r.challenger_customers,
           r.challenger_customers::double precision
               / nullif(r.challenger_customers + r.champion_customers, 0) AS sample_ratio,
           r.is_mismatch AS ratio_mismatch, r.champion_known, r.challenger_known,
           r.champion_left, r.challenger_left, r.difference, r.lower, r.upper, r.verdict,
           CASE
               WHEN ended.action IS NOT NULL OR r.verdict <> 'undecided' THEN NULL
               WHEN r.champion_customers + r.challenger_customers = 0
                   THEN 'customers who are scored'
               WHEN r.champion_known + r.challenger_known = 0
                   THEN format('outcomes, the first on %s', r.first_known_at::date)
               WHEN r.champion_known + r.challenger_known < p.expected
                   THEN format('about %s customers whose horizon has passed',
                               p.expected - r.champion_known - r.challenger_known)
               ELSE 'a larger difference: it was planned for no more customers'
           END AS missing,
           p.started_by, p.started_at, ended.deployed_at AS ended_at,
           coalesce(
               ended.reason,
               CASE ended.action
                   WHEN 'activate' THEN format('model version %s was activated', ended.version)
                   WHEN 'rollback'
                       THEN format('model version %s was put in force again', ended.version)
               END
           ) AS reason
    FROM churn_internal.experiment_plans p
    JOIN churn.attachments a ON a.attachment_id = p.attachment_id
    JOIN churn.deployments began
        ON began.attachment_id = p.attachment_id AND began.experiment_id = p.experiment_id
           AND began.action = 'experiment'
    LEFT JOIN LATERAL (
        SELECT d.* FROM churn.deployments d
        WHERE d.attachment_id = p.attachment_id AND d.deployment_id > began.deployment_id
        ORDER BY d.deployment_id LIMIT 1
    ) ended ON true
    CROSS JOIN LATERAL churn_internal.experiment_results(
        p, coalesce(ended.deployed_at, now())
    ) r;
COMMENT ON VIEW churn.experiments IS
    'Every experiment: whom its arms have got, what became of them, and which version loses '
    'fewer customers. Looking daily is safe.';
COMMENT ON COLUMN churn.experiments.experiment_id IS
    'The number that churn.start_experiment returned.';
COMMENT ON COLUMN churn.experiments.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.experiments.champion IS 'The version in force at its start.';
COMMENT ON COLUMN churn.experiments.challenger IS 'The version that is compared with it.';
COMMENT ON COLUMN churn.experiments.state IS 'under way or ended.';
COMMENT ON COLUMN churn.experiments.share IS 'Percent of the customers in each of the two arms.';
COMMENT ON COLUMN churn.experiments.horizon IS
    'How long after the exposure a customer who leaves counts.';
COMMENT ON COLUMN churn.experiments.expected IS
    'How many customers of both arms it is planned for.';
COMMENT ON COLUMN churn.experiments.days IS
    'How many days it was expected to take; null: nobody estimated it.';
COMMENT ON COLUMN churn.experiments.champion_customers IS
    'How many of the champion''s arm have been scored.';
COMMENT ON COLUMN churn.experiments.challenger_customers IS
    'How many of the challenger''s arm have been scored.';
COMMENT ON COLUMN churn.experiments.sample_ratio IS
    'The challenger''s part of both: 0.5, but for chance; null: there are none.';
COMMENT ON COLUMN churn.experiments.ratio_mismatch IS
    'Whether that is surely not by chance: then nothing is to be concluded.';
COMMENT ON COLUMN churn.experiments.champion_known IS
    'Of how many of the champion''s it is known what became of them: their horizon has passed, '
    'and they had not left before.';
COMMENT ON COLUMN churn.experiments.challenger_known IS 'The same of the challenger''s.';
COMMENT ON COLUMN churn.experiments.champion_left IS 'How many of these left.';
COMMENT ON COLUMN churn.experiments.challenger_left IS 'The same of the challenger''s.';
COMMENT ON COLUMN churn.experiments.difference IS
    'How much larger the challenger''s share of customers who left is, given what the '
    'champion said of both arms; below 0 where it is better. Null: an arm is empty.';
COMMENT ON COLUMN churn.experiments.lower IS
    'The true difference is from here, with a confidence of 95 % at all times at once.';
COMMENT ON COLUMN churn.experiments.upper IS 'And to here.';
COMMENT ON COLUMN churn.experiments.verdict IS
    'challenger better, champion better, undecided, or that the arms are not of the same size.';
COMMENT ON COLUMN churn.experiments.missing IS
    'What a verdict waits for; null: nothing, or it has ended.';
COMMENT ON COLUMN churn.experiments.started_by IS 'Who started it.';
COMMENT ON COLUMN churn.experiments.started_at IS 'When it was started.';
COMMENT ON COLUMN churn.experiments.ended_at IS 'When it ended; null: it is under way.';
COMMENT ON COLUMN churn.experiments.reason IS 'Why it ended; null: nobody said so.';
GRANT SELECT ON churn.experiments TO churn_loader, churn_scorer;
GRANT EXECUTE ON FUNCTION churn_internal.experiment_results TO churn_loader, churn_scorer;
