CREATE OR REPLACE FUNCTION churn_internal.cohort_statement(
    attachment churn.attachments, by_version boolean, first_score boolean DEFAULT false,
    as_recorded boolean DEFAULT false, exposed boolean DEFAULT false
) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    customer text;
    equals text;
BEGIN
    SELECT c.customer, c.equals INTO customer, equals
    FROM churn_internal.customer_of_row(attachment) c;
    RETURN format(
        CASE
            WHEN exposed THEN
        'WITH scored AS (
            SELECT DISTINCT ON (customer)
                   %1$s AS customer, p.key, p.exposed_at AS predicted_at, p.version,
                   p.covariate AS score, NULL::json AS features
            FROM churn.exposures p
            WHERE p.attachment_id = $1 AND p.experiment_id = $2
              AND p.exposed_at >= $3 AND p.exposed_at < $4
            ORDER BY customer, p.exposed_at, p.exposure_id
        ),'
            ELSE
        'WITH scored AS (
            SELECT DISTINCT ON (%5$s customer)
                   %1$s AS customer, p.key, p.predicted_at, p.version, p.score, p.features
            FROM churn.predictions p
            WHERE p.attachment_id = $1 AND ($2 IS NULL OR p.version = $2)
              AND p.predicted_at >= $3 AND p.predicted_at < $4
            ORDER BY %5$s customer, p.predicted_at %6$s
        ),'
        END || '
        known AS (
            SELECT %2$s AS customer, o.known_at, o.outcome,
                   row_number() OVER (
                       PARTITION BY %2$s ORDER BY o.known_at, o.outcome_id
                   ) AS number
            FROM churn.outcomes o WHERE o.attachment_id = $1 %7$s
        ),
        -- Since when what was known last has been known without a break.
        gone AS (
            SELECT k.customer, min(k.known_at) AS known_at
            FROM (
                SELECT k.*, coalesce(max(k.number) FILTER (WHERE k.outcome IS NOT TRUE)
                                     OVER (PARTITION BY k.customer), 0) AS last_other
                FROM known k
            ) k
            WHERE k.number > k.last_other GROUP BY k.customer
        ),
        acted AS (
            SELECT %3$s AS customer, array_agg(a.at) AS at
            FROM churn.actions a WHERE a.attachment_id = $1 %8$s GROUP BY customer
        ),
        judged AS (
            SELECT s.*, g.known_at AS gone_at, s.predicted_at + $5 AS matured_at,
                   a.at AS acted_at
            FROM scored s
            LEFT JOIN gone g ON g.customer %4$s s.customer
            LEFT JOIN acted a ON a.customer %4$s s.customer
            -- Who had left already could not leave.
            WHERE (g.known_at <= s.predicted_at) IS NOT TRUE AND s.predicted_at + $5 <= now()
        )
        SELECT j.key, j.predicted_at, j.version, j.score, j.features,
               coalesce(j.gone_at <= j.matured_at, false) AS outcome,
               CASE WHEN j.gone_at <= j.matured_at THEN j.gone_at END AS known_at,
               EXISTS (
                   SELECT FROM unnest(j.acted_at) a (at)
                   WHERE a.at > j.predicted_at AND a.at <= least(j.matured_at, j.gone_at)
               ) AS acted_upon
        FROM judged j',
        format(customer, 'p'), format(customer, 'o'), format(customer, 'a'), equals,
        CASE WHEN by_version THEN 'version,' END, CASE WHEN first_score THEN 'ASC' ELSE 'DESC' END,
        CASE WHEN as_recorded THEN 'AND o.recorded_at <= $6' END,
        CASE WHEN as_recorded THEN 'AND a.recorded_at <= $6' END
    );
END $body$;
COMMENT ON FUNCTION churn_internal.cohort_statement IS
    'SQL of the predictions of attachment $1 by version $2, or by any, from $3 and before '
    '$4, and what became of the customers within $5, for churn.matured: one row for each '
    'who had not left before, or for each and version; the last score, or the first; as it was '
    'recorded by $6, or is now. Or of the customers who were exposed in experiment $2.';
