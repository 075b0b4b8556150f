CREATE OR REPLACE FUNCTION churn.estimate_experiment(
    profile regclass, share double precision DEFAULT 50, horizon interval DEFAULT NULL,
    effect double precision DEFAULT 0.2, power double precision DEFAULT 0.8
) RETURNS TABLE (
    customers_per_arm bigint, days double precision, base_rate double precision,
    explained double precision, customers bigint, customers_a_day double precision
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    -- From so few the share who leave is not known.
    least_leavers CONSTANT integer := 10;
    length CONSTANT interval := coalesce(estimate_experiment.horizon, attachment.horizon);
    leavers bigint;
    wanted bigint;
    arrivals record;
BEGIN
    PERFORM churn_internal.check_experiment(share, length, effect);
    IF (power > 0 AND power < 1) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'power must be more than 0 and less than 1',
            HINT = 'It is how often the effect is found: 0.8.';
    END IF;
    SELECT count(*), count(*) FILTER (WHERE h.has_left), avg(h.has_left::integer),
           coalesce(corr(h.score, h.has_left::integer) ^ 2, 0)
    INTO customers, leavers, base_rate, explained
    FROM churn_internal.experiment_history(attachment, length) h;
    IF leavers < least_leavers OR customers - leavers < least_leavers THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('nothing tells how long an experiment of %s would take', profile),
            DETAIL = format(
                'Of %s customers whose score was logged more than %s ago, %s left.', customers,
                length, leavers
            ),
            HINT = format(
                'Have scores logged and outcomes recorded, by churn.set_prediction_log(%L, 1) '
                'and churn.set_outcome, and try again a horizon later; or pass expected to '
                'churn.start_experiment: how many customers of both arms there will be.',
                churn_internal.table_name(profile)
            );
    END IF;
    customers_per_arm := ceil(churn_internal.customers_needed(
        base_rate, effect, explained, power
    ) / 2);
    wanted := ceil(customers_per_arm * 100 / share);
    WITH firsts AS (
        SELECT min(p.predicted_at) AS at
        FROM churn.predictions p
        WHERE p.attachment_id = attachment.attachment_id
          AND p.predicted_at >= now() - interval '1 year'
        GROUP BY p.key
    )
    SELECT extract(epoch FROM now() - min(f.at)) / 86400 AS days,
           count(*) FILTER (WHERE f.at >= b.began + (now() - b.began) / 2) AS later,
           count(*) AS total,
           extract(epoch FROM (
               SELECT w.at FROM firsts w ORDER BY w.at OFFSET wanted - 1 LIMIT 1
           ) - min(f.at)) / 86400 AS reached
    INTO arrivals
    FROM firsts f, (SELECT min(f.at) AS began FROM firsts f) b;
    -- Of customers who are scored for the first time there are fewer and fewer.
    customers_a_day := arrivals.later / nullif(arrivals.days / 2, 0);
    days := extract(epoch FROM length) / 86400 + CASE
        WHEN arrivals.reached IS NOT NULL THEN arrivals.reached
        WHEN customers_a_day > 0
            THEN arrivals.days + (wanted - arrivals.total) / customers_a_day
        ELSE 'infinity'
    END;
    RETURN NEXT;
END $body$;
COMMENT ON FUNCTION churn.estimate_experiment IS
    'How many customers an experiment takes in each arm to find an effect, and how many days, '
    'the horizon of the last ones included, by what was logged of a profile in a year.';
GRANT EXECUTE ON FUNCTION churn.estimate_experiment TO churn_loader, churn_scorer;
