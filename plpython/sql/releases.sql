CREATE OR REPLACE VIEW churn.releases (
    release_id, profile, champion, challenger, state, step, share, since,
    champion_customers, challenger_customers, missing, evidence, started_by, started_at,
    ended_at, reason
) AS
    SELECT p.release_id, a.profile, p.champion, p.challenger,
           CASE
               WHEN ended.action = 'activate' AND ended.release_id = p.release_id
                   THEN 'promoted'
               WHEN ended.action = 'withdraw' THEN 'rolled back'
               WHEN ended.action IS NOT NULL THEN 'cancelled'
               WHEN p.held_at IS NOT NULL THEN 'held'
               WHEN latest.share IS NULL THEN 'shadow'
               ELSE 'under way'
           END AS state,
           latest.step, p.steps[latest.step] AS share, latest.deployed_at AS since,
           customers.by_champion AS champion_customers,
           customers.by_challenger AS challenger_customers,
           CASE WHEN ended.action IS NULL THEN nullif(concat_ws(
               ', ',
               CASE
                   WHEN latest.step = cardinality(p.steps) THEN 'another step'
               END,
               CASE
                   WHEN latest.deployed_at + p.hold > now()
                       THEN format('until %s', latest.deployed_at + p.hold)
               END,
               CASE
                   WHEN counted.customers < p.min_customers
                       THEN format('%s customers', p.min_customers - counted.customers)
               END
           ), '') END AS missing,
           evidence.rows AS evidence, p.started_by, p.started_at,
           ended.deployed_at AS ended_at,
           coalesce(
               ended.reason,
               CASE
                   WHEN ended.action IN ('activate', 'rollback')
                        AND ended.release_id IS NULL
                       THEN format('model version %s was activated', ended.version)
               END,
               CASE WHEN ended.action IS NULL THEN p.held_reason END
           ) AS reason
    FROM churn_internal.release_plans p
    JOIN churn.attachments a ON a.attachment_id = p.attachment_id
    CROSS JOIN LATERAL (
        SELECT d.deployment_id, d.share, d.deployed_at,
               (count(*) OVER ())::integer AS step
        FROM churn.deployments d
        WHERE d.attachment_id = p.attachment_id AND d.release_id = p.release_id
          AND d.action = 'release'
        ORDER BY d.deployment_id DESC LIMIT 1
    ) latest
    LEFT JOIN LATERAL (
        SELECT d.* FROM churn.deployments d
        WHERE d.attachment_id = p.attachment_id AND d.deployment_id > latest.deployment_id
        ORDER BY d.deployment_id LIMIT 1
    ) ended ON true
    LEFT JOIN LATERAL churn_internal.step_customers(p, latest.deployed_at) customers
        ON ended.action IS NULL
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN latest.share IS NULL THEN customers.by_champion
            ELSE customers.by_challenger
        END
    ) counted (customers)
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(
            jsonb_build_object(
                'guardrail', e.guardrail, 'value', e.value, 'lower', e.lower,
                'upper', e.upper, 'limit', e."limit", 'n', e.n, 'result', e.result,
                'detail', e.detail
            ) ORDER BY e.evidence_id
        )
        FROM churn.release_evidence e
        WHERE e.release_id = p.release_id AND e.measured_at = (
            SELECT max(l.measured_at) FROM churn.release_evidence l
            WHERE l.release_id = p.release_id
        )
    ) evidence (rows);
COMMENT ON VIEW churn.releases IS
    'Every release: where it stands, since when, whom its versions have scored, and what its '
    'guardrails said last.';
COMMENT ON COLUMN churn.releases.release_id IS 'The number that churn.release returned.';
COMMENT ON COLUMN churn.releases.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.releases.champion IS 'The version in force at its start.';
COMMENT ON COLUMN churn.releases.challenger IS 'The version that is released.';
COMMENT ON COLUMN churn.releases.state IS
    'shadow, under way, held, promoted, rolled back (by a guardrail) or cancelled.';
COMMENT ON COLUMN churn.releases.step IS 'Which of its steps, from 1.';
COMMENT ON COLUMN churn.releases.share IS 'Percent of the customers that the challenger scores.';
COMMENT ON COLUMN churn.releases.since IS 'When that step began.';
COMMENT ON COLUMN churn.releases.champion_customers IS
    'How many customers the champion has scored since; null: it has ended.';
COMMENT ON COLUMN churn.releases.challenger_customers IS
    'How many the challenger has scored since; null: it has ended.';
COMMENT ON COLUMN churn.releases.missing IS
    'What the next step waits for, guardrails apart; null: nothing.';
COMMENT ON COLUMN churn.releases.evidence IS 'What was measured last, see churn.release_evidence.';
COMMENT ON COLUMN churn.releases.started_by IS 'Who started it.';
COMMENT ON COLUMN churn.releases.started_at IS 'When it was started.';
COMMENT ON COLUMN churn.releases.ended_at IS 'When it ended; null: it is under way.';
COMMENT ON COLUMN churn.releases.reason IS 'Why it ended, or is held; null: nobody said so.';
GRANT SELECT ON churn.releases TO churn_loader, churn_scorer;
GRANT EXECUTE ON FUNCTION churn_internal.step_customers TO churn_loader, churn_scorer;
