CREATE OR REPLACE FUNCTION churn_internal.measure_release(
    plan churn_internal.release_plans, step integer, since timestamptz
) RETURNS SETOF churn.release_evidence
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    -- Bounds what it takes, however many customers there are.
    most_customers CONSTANT integer := 2000;
    attachment churn.attachments;
    carried churn.attachments;
    keys text[];
    profiles record;
    customers record;
BEGIN
    SELECT a.* INTO attachment
    FROM churn.attachments a WHERE a.attachment_id = plan.attachment_id;
    carried := churn_internal.with_columns(attachment, ARRAY(
        SELECT unnest(churn_internal.feature_names(m.signature))
        FROM churn.models m WHERE m.version IN (plan.champion, plan.challenger)
    ));
    EXECUTE format(
        'SELECT array_agg(r.key) FROM (
            SELECT churn_internal.key_text(p.%I) AS key FROM %s p
            WHERE p.churn_scored_at >= $1 ORDER BY p.churn_scored_at DESC LIMIT %s
         ) r', attachment.profile_key, churn_internal.table_name(attachment.profile),
        least(most_customers, churn_internal.most_rows(carried))
    ) INTO keys USING since;
    -- Whom the challenger could not score has an older score, or none.
    keys := ARRAY(
        SELECT unnest(keys)
        UNION
        (SELECT m.key FROM churn_internal.failed_profiles m
         WHERE m.attachment_id = plan.attachment_id AND m.version = plan.challenger
           AND m.last_failed_at >= since
         LIMIT most_customers)
    );
    SELECT c.* INTO customers FROM churn_internal.step_customers(plan, since) c;
    SELECT r.* INTO profiles FROM churn_internal.read_profiles(carried, keys) r;
    UPDATE churn_internal.release_plans p SET measured_at = clock_timestamp()
    WHERE p.release_id = plan.release_id;
    RETURN QUERY
    INSERT INTO churn.release_evidence (
        release_id, step, measured_at, guardrail, value, lower, upper, "limit", n, result,
        detail
    )
    SELECT plan.release_id, measure_release.step, now(), g.guardrail, g.value, g.lower,
           g.upper, g."limit", g.n, g.result, g.detail
    FROM churn_internal.replay_release(
        plan.attachment_id, plan.champion, plan.challenger, churn_internal.layout(carried),
        profiles.numbers, profiles.texts,
        coalesce(attachment.outbox_threshold, attachment.notification_threshold, 0.5),
        plan.limits::text, customers.by_challenger, customers.failing
    ) g
    RETURNING *;
END $body$;
COMMENT ON FUNCTION churn_internal.measure_release IS
    'Has both versions of a release score customers that its step has scored, and keeps what '
    'the guardrails say of them.';
