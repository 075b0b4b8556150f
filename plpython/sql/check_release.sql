CREATE OR REPLACE FUNCTION churn_internal.check_release(
    steps double precision[], hold interval, min_customers integer, on_guardrail text,
    limits jsonb
) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    most_steps CONSTANT integer := 100;
    wrong text;
BEGIN
    IF cardinality(steps) > most_steps THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('a release takes at most %s steps, not %s', most_steps,
                             cardinality(steps));
    END IF;
    IF cardinality(steps) > 0 IS NOT TRUE OR array_position(steps, NULL) IS NOT NULL
        OR EXISTS (
            SELECT FROM unnest(steps) WITH ORDINALITY s (percent, number)
            WHERE NOT (s.percent >= 0 AND s.percent <= 100)
               OR s.percent <= steps[s.number - 1]
        )
    THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'steps are no ascending percentages from 0 to 100',
            HINT = $hint$Pass, for example, '{1,5,25,50,100}'; 0 is a shadow.$hint$;
    END IF;
    IF steps[1] = 100 THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'a release whose first step is 100 is an activation',
            HINT = 'Call churn.activate_model(version).';
    END IF;
    IF (hold >= interval '0') IS NOT TRUE OR (min_customers >= 0) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'neither hold nor min_customers may be null or negative';
    END IF;
    IF (on_guardrail IN ('rollback', 'hold')) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('on_guardrail must be rollback or hold, not %s',
                             coalesce(on_guardrail, 'null'));
    END IF;
    IF jsonb_typeof(limits) <> 'object' THEN
        wrong := limits::text;
    ELSE
        SELECT format('%s: %s', l.key, l.value) INTO wrong
        FROM jsonb_each(limits) l
        WHERE l.key NOT IN (
            'failures', 'time_ratio', 'row_microseconds', 'flip_rate', 'mean_shift',
            'unseen_rate', 'paired_loss'
        ) OR CASE
            WHEN jsonb_typeof(l.value) = 'number' THEN l.value::numeric < 0 ELSE true
        END
        LIMIT 1;
    END IF;
    IF limits IS NULL OR wrong IS NOT NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'limits are no numbers by the name of a guardrail',
            DETAIL = format('There is %s.', coalesce(wrong, 'null')),
            HINT = 'Guardrails are failures, time_ratio, row_microseconds, flip_rate, mean_shift, '
                   'unseen_rate and paired_loss.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_release IS
    'An error for what churn.release cannot go by.';
