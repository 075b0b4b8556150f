CREATE OR REPLACE FUNCTION churn_internal.measure_loss(
    plan churn_internal.release_plans, step integer
) RETURNS SETOF churn.release_evidence
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    name CONSTANT text := 'paired_loss';
    -- Bounds what is replayed; fixed for a release, as bounds that hold at all times ask for.
    most_history CONSTANT interval := interval '90 days';
    allowed CONSTANT double precision :=
        coalesce((plan.limits ->> 'paired_loss')::double precision, 0.002);
    attachment churn.attachments;
    trained_until timestamptz;
    difference double precision;
    nearest double precision;
    farthest double precision;
    customers bigint;
    verdict text;
    words text;
    problem text;
BEGIN
    SELECT a.* INTO attachment
    FROM churn.attachments a WHERE a.attachment_id = plan.attachment_id;
    -- Labels mature slowly, and to replay what is logged takes a while.
    IF NOT EXISTS (
        SELECT FROM churn.outcomes o WHERE o.attachment_id = plan.attachment_id
    ) OR EXISTS (
        SELECT FROM churn.release_evidence e
        WHERE e.release_id = plan.release_id AND e.guardrail = name
          AND e.measured_at > now() - interval '1 hour'
    ) THEN
        RETURN;
    END IF;
    BEGIN
        SELECT max(churn_internal.trained_until(m.provenance)) INTO trained_until
        FROM churn.models m WHERE m.version IN (plan.champion, plan.challenger);
        SELECT c.difference, c.lower, c.upper, c.n, c.verdict, c.detail
        INTO difference, nearest, farthest, customers, verdict, words
        FROM churn.compare(
            attachment.profile, plan.champion, plan.challenger,
            greatest(
                trained_until + interval '1 microsecond',
                plan.started_at - attachment.horizon - most_history
            ),
            -- As for the others: they are looked at again and again.
            material => allowed, confidence => 0.999
        ) c
        WHERE c.name = 'log_loss';
    -- OTHERS are no cancels. Nothing was logged, or nobody says until when a version was
    -- trained: that is no fault of the challenger's.
    EXCEPTION WHEN OTHERS THEN
        IF SQLSTATE ~ '^(40|57)' THEN
            RAISE;
        END IF;
        problem := SQLERRM;
    END;
    RETURN QUERY
    INSERT INTO churn.release_evidence (
        release_id, step, measured_at, guardrail, value, lower, upper, "limit", n, result,
        detail
    )
    VALUES (
        plan.release_id, step, now(), name, difference, nearest, farthest,
        allowed, coalesce(customers, 0),
        CASE
            WHEN problem IS NOT NULL THEN 'inconclusive'
            WHEN verdict = 'champion better' AND difference > allowed
                THEN 'failure'
            WHEN verdict LIKE 'undecided%' THEN 'inconclusive'
            ELSE 'success'
        END,
        coalesce(problem, format(
            'on customers of whom it is known what became: %s; %s', verdict, words
        ))
    )
    RETURNING *;
END $body$;
COMMENT ON FUNCTION churn_internal.measure_loss IS
    'Compares the versions of a release on customers of whom it is known what became of them, '
    'once an hour, and keeps what churn.compare says. Nothing where no outcomes are recorded.';
