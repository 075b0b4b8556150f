CREATE OR REPLACE FUNCTION churn.matured(
    profile regclass, version bigint DEFAULT NULL, since timestamptz DEFAULT '-infinity',
    until timestamptz DEFAULT NULL
) RETURNS TABLE (
    key text, predicted_at timestamptz, model_version bigint, score double precision,
    features json, outcome boolean, known_at timestamptz, acted_upon boolean
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    -- SQL: what rows are of one customer by, and how that is compared.
    customer text := '%s.key';
    equals text := '=';
BEGIN
    IF since IS NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'since is null',
            HINT = 'Pass the beginning of the cohort, or leave it out.';
    ELSIF until + attachment.horizon > now() THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('predictions until %s are not mature before %s', until,
                             until + attachment.horizon),
            DETAIL = format(
                'Their horizon is %s. Who leaves is known at once and who stays at its end, so '
                'a cohort of which some is not mature would seem to lose more than it does.',
                attachment.horizon
            ),
            HINT = 'Pass an earlier time, or leave it out for all that is mature.';
    END IF;
    -- Equal keys that have different texts are one customer.
    SELECT format('%%s.key::%s', churn_internal.type_name(k.key_type, k.key_collation)),
           churn_internal.operator_name(k.equals_key)
    INTO customer, equals
    FROM churn_internal.key_comparison(
        attachment.profile, attachment.profile_key, attachment.complaints,
        attachment.complaint_key
    ) k
    WHERE NOT k.one_text;
    customer := coalesce(customer, '%s.key');
    equals := coalesce(equals, '=');
    RETURN QUERY EXECUTE format(
        'WITH scored AS (
            SELECT DISTINCT ON (customer)
                   %1$s AS customer, p.key, p.predicted_at, p.version, p.score, p.features
            FROM churn.predictions p
            WHERE p.attachment_id = $1 AND ($2 IS NULL OR p.version = $2)
              AND p.predicted_at >= $3 AND p.predicted_at < $4
            ORDER BY customer, p.predicted_at DESC
        ),
        known AS (
            SELECT %2$s AS customer, o.known_at, o.outcome,
                   row_number() OVER (
                       PARTITION BY %2$s ORDER BY o.known_at, o.outcome_id
                   ) AS number
            FROM churn.outcomes o WHERE o.attachment_id = $1
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
        judged AS (
            SELECT s.*, g.known_at AS gone_at, s.predicted_at + $5 AS matured_at
            FROM scored s LEFT JOIN gone g ON g.customer %4$s s.customer
            -- Who had left already could not leave.
            WHERE (g.known_at <= s.predicted_at) IS NOT TRUE AND s.predicted_at + $5 <= now()
        )
        SELECT j.key, j.predicted_at, j.version, j.score, j.features,
               coalesce(j.gone_at <= j.matured_at, false),
               CASE WHEN j.gone_at <= j.matured_at THEN j.gone_at END,
               EXISTS (
                   SELECT FROM churn.actions a
                   WHERE a.attachment_id = $1 AND %3$s %4$s j.customer
                     AND a.at > j.predicted_at AND a.at <= least(j.matured_at, j.gone_at)
               )
        FROM judged j',
        format(customer, 'p'), format(customer, 'o'), format(customer, 'a'), equals
    ) USING attachment.attachment_id, version, since,
            coalesce(until, now() - attachment.horizon), attachment.horizon;
END $body$;
COMMENT ON FUNCTION churn.matured IS
    'Logged predictions whose horizon has passed, and what became of the customers: one row '
    'for each who had not left before, the last score of the window, with what it was made '
    'of. Null as version: of whichever gave it; null as until: of all that is mature.';
GRANT EXECUTE ON FUNCTION churn.matured TO churn_loader, churn_scorer;
