CREATE OR REPLACE FUNCTION churn.worklist(
    profile regclass, n integer, spare interval DEFAULT '30 days'
) RETURNS TABLE (key text, score double precision, version bigint, arm text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Where nothing is known of the tables yet, a loop within a loop looks cheap.
SET enable_nestloop = off
-- What is forbidden counts as costly, and what is costly would be compiled: 70 MB a session.
SET jit = off
SET timezone = 'UTC' AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    same record;
    current churn.deployments;
    slots integer;
    odd integer := 0;
BEGIN
    IF (n >= 0) IS NOT TRUE OR (spare >= interval '0') IS NOT TRUE THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'neither n nor spare may be null or negative';
    END IF;
    SELECT c.customer, c.equals,
           CASE
               WHEN c.customer = '%s.key' THEN format(
                   'churn_internal.key_text(p.%I)', attachment.profile_key
               )
               ELSE format('p.%I', attachment.profile_key)
           END AS of_profile
    INTO same FROM churn_internal.customer_of_row(attachment) c;
    SELECT d.* INTO current
    FROM churn.deployments d WHERE d.attachment_id = attachment.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
    slots := CASE WHEN current.action = 'experiment' THEN current.share END;
    -- Of an odd number one arm gets one more, by the toss of a day where there is nobody
    -- beside the arms.
    IF slots = 32768 AND n % 2 = 1 THEN
        odd := 1 + (hashtextextended(current_date::text, current.salt) & 1);
    END IF;
    RETURN QUERY EXECUTE format(
        'WITH known AS (
            SELECT DISTINCT ON (customer) %1$s AS customer, o.outcome
            FROM churn.outcomes o
            WHERE o.attachment_id = $1 AND o.known_at <= now()
            ORDER BY customer, o.known_at DESC, o.outcome_id DESC
        ),
        acted AS (
            SELECT DISTINCT %2$s AS customer
            FROM churn.actions a
            WHERE a.attachment_id = $1 AND a.at > now() - $3
        ),
        exposed AS (
            SELECT DISTINCT ON (customer) %3$s AS customer, e.version
            FROM churn.exposures e
            WHERE e.attachment_id = $1 AND e.experiment_id = $4
            ORDER BY customer, e.exposed_at, e.exposure_id
        ),
        scored AS (
            SELECT churn_internal.key_text(p.%4$I) COLLATE "C" AS key, %6$s AS customer,
                   p.churn_score AS score, p.churn_model_version AS version
            FROM %5$s p
            WHERE p.churn_score IS NOT NULL AND p.churn_model_version IS NOT NULL
        ),
        placed AS (
            SELECT s.key, s.score, s.version,
                   CASE WHEN h.place < $5 THEN 1 WHEN h.place >= 65536 - $5 THEN 2 ELSE 0 END
                       AS slot,
                   CASE e.version WHEN $7 THEN 1 WHEN $8 THEN 2 END AS exposed,
                   e.version AS of_arm
            FROM scored s
            LEFT JOIN known k ON k.customer %7$s s.customer
            LEFT JOIN acted a ON a.customer %7$s s.customer
            LEFT JOIN exposed e ON e.customer %7$s s.customer
            LEFT JOIN LATERAL (
                SELECT churn_internal.arm_hash(convert_to(s.key, ''SQL_ASCII''), $6)
            ) h (place) ON $5 IS NOT NULL
            WHERE k.outcome IS NOT TRUE AND a.customer IS NULL
        ),
        ranked AS (
            SELECT p.*, coalesce(p.exposed, p.slot) AS number,
                   row_number() OVER (
                       PARTITION BY coalesce(p.exposed, p.slot)
                       ORDER BY p.score DESC, p.key
                   ) AS rank,
                   count(*) OVER (PARTITION BY coalesce(p.exposed, p.slot)) AS size
            FROM placed p
            -- Who is not exposed yet, or is scored by the version of the other arm, has a
            -- score that the arm''s are not to be compared with.
            WHERE p.exposed IS NULL AND p.slot = 0 OR p.version = p.of_arm
        ),
        quota AS (
            SELECT least(
                       floor($2::bigint * coalesce($5, 0) / 65536.0),
                       coalesce(max(r.size) FILTER (WHERE r.number = 1), 0),
                       coalesce(max(r.size) FILTER (WHERE r.number = 2), 0)
                   ) AS of_arm
            FROM ranked r
        )
        SELECT r.key, r.score, r.version,
               CASE r.number WHEN 1 THEN ''challenger'' WHEN 2 THEN ''champion'' END
        FROM ranked r, quota q
        WHERE r.rank <= CASE
            WHEN r.number = 0 THEN $2 - 2 * q.of_arm
            ELSE q.of_arm + (r.number = $9 AND q.of_arm = $2 / 2)::integer
        END
        ORDER BY r.rank, r.number',
        format(same.customer, 'o'), format(same.customer, 'a'), format(same.customer, 'e'),
        attachment.profile_key, churn_internal.table_name(profile), same.of_profile,
        same.equals
    ) USING attachment.attachment_id, n, spare, current.experiment_id, slots, current.salt,
            current.challenger, current.version, odd;
END $body$;
COMMENT ON FUNCTION churn.worklist IS
    'The customers with the highest scores, to be acted upon: without those who have left, and '
    'those who were acted upon a short while ago. While an experiment is under way each arm '
    'has as many of them, by its own version''s scores, and the rest its part.';
GRANT EXECUTE ON FUNCTION churn.worklist TO churn_loader, churn_scorer;
