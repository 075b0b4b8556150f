CREATE OR REPLACE FUNCTION churn_internal.experiment_results(
    plan churn_internal.experiment_plans, until timestamptz,
    OUT champion_customers bigint, OUT challenger_customers bigint,
    OUT champion_known bigint, OUT challenger_known bigint, OUT champion_left bigint,
    OUT challenger_left bigint, OUT difference double precision, OUT lower double precision,
    OUT upper double precision, OUT verdict text, OUT is_mismatch boolean,
    OUT first_known_at timestamptz
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Where nothing is known of the tables yet, a loop within a loop looks cheap.
SET enable_nestloop = off
-- What is forbidden counts as costly, and what is costly would be compiled: 70 MB a session.
SET jit = off
SET timezone = 'UTC' AS $body$
DECLARE
    attachment churn.attachments;
    no_sums CONSTANT double precision[] := array_fill(0::double precision, ARRAY[5]);
    champion_sums double precision[];
    challenger_sums double precision[];
    champion_leavers bytea;
    challenger_leavers bytea;
BEGIN
    SELECT a.* INTO attachment
    FROM churn.attachments a WHERE a.attachment_id = plan.attachment_id;
    EXECUTE format(
        'SELECT count(*) FILTER (WHERE e.version = $3), count(*) FILTER (WHERE e.version = $4),
                min(e.exposed_at)
         FROM (
            SELECT DISTINCT ON (%1$s) e.version, e.exposed_at
            FROM churn.exposures e
            WHERE e.attachment_id = $1 AND e.experiment_id = $2
            ORDER BY %1$s, e.exposed_at, e.exposure_id
         ) e',
        format((churn_internal.customer_of_row(attachment)).customer, 'e')
    ) INTO champion_customers, challenger_customers, first_known_at
    USING plan.attachment_id, plan.experiment_id, plan.champion, plan.challenger;
    first_known_at := first_known_at + plan.horizon;
    EXECUTE format(
        'WITH cohort AS (%s),
        placed AS (
            SELECT c.version, c.outcome,
                   coalesce(c.score, avg(c.score) OVER (), 0) AS covariate,
                   row_number() OVER (
                       PARTITION BY c.version ORDER BY c.predicted_at, c.key
                   ) - 1 AS place
            FROM cohort c
        ),
        sums AS (
            SELECT p.version,
                   ARRAY[
                       count(*), count(*) FILTER (WHERE p.outcome), sum(p.covariate),
                       sum(p.covariate ^ 2),
                       coalesce(sum(p.covariate) FILTER (WHERE p.outcome), 0)
                   ]::double precision[] AS sums,
                   churn_internal.array_image(
                       array_agg(ARRAY[p.place]::double precision[] ORDER BY p.place)
                       FILTER (WHERE p.outcome)
                   ) AS leavers
            FROM placed p GROUP BY p.version
        )
        SELECT coalesce(a.sums, $8), a.leavers, coalesce(b.sums, $8), b.leavers
        FROM (SELECT) one
        LEFT JOIN sums a ON a.version = $6
        LEFT JOIN sums b ON b.version = $7',
        churn_internal.cohort_statement(attachment, false, exposed => true)
    ) INTO champion_sums, champion_leavers, challenger_sums, challenger_leavers
    USING plan.attachment_id, plan.experiment_id, '-infinity'::timestamptz,
          -- Once another version scores them nothing more is learned of the arms.
          until - plan.horizon, plan.horizon, plan.champion, plan.challenger,
          no_sums;
    champion_known := champion_sums[1];
    challenger_known := challenger_sums[1];
    champion_left := champion_sums[2];
    challenger_left := challenger_sums[2];
    SELECT j.verdict, j.difference, j.lower, j.upper, j.is_mismatch
    INTO verdict, difference, lower, upper, is_mismatch
    FROM churn_internal.judge_experiment(
        churn_internal.array_image(ARRAY[challenger_sums, champion_sums]),
        challenger_leavers, champion_leavers, plan.expected, challenger_customers,
        champion_customers
    ) j;
END $body$;
COMMENT ON FUNCTION churn_internal.experiment_results IS
    'What an experiment has shown until a time: whom its arms have got, of whom it is known '
    'what became of them, and the difference.';
