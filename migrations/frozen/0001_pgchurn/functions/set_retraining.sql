CREATE OR REPLACE FUNCTION churn.set_retraining(
    profile regclass, every interval DEFAULT NULL, min_new_outcomes bigint DEFAULT NULL,
    on_drift boolean DEFAULT false, on_performance boolean DEFAULT false,
    training_window interval DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    wrong text;
BEGIN
    wrong := CASE
        WHEN every <= interval '0' OR NOT isfinite(every)
            THEN 'every must be more than nothing'
        WHEN min_new_outcomes < 1 THEN 'min_new_outcomes must be at least 1'
        WHEN on_drift IS NULL THEN 'on_drift must be true or false'
        WHEN on_performance IS NULL THEN 'on_performance must be true or false'
        WHEN training_window <= interval '0' OR NOT isfinite(training_window)
            THEN 'training_window must be more than nothing'
    END;
    IF wrong IS NOT NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = wrong,
            HINT = 'Leave it out to go without it, or pass for instance interval ''30 days''.';
    END IF;
    IF every IS NULL AND min_new_outcomes IS NULL AND NOT on_drift AND NOT on_performance THEN
        PERFORM churn_internal.cancel_retraining(
            attachment.attachment_id, 'retraining was switched off'
        );
        RETURN;
    END IF;
    INSERT INTO churn_internal.retraining_plans AS p (
        attachment_id, every, min_new_outcomes, on_drift, on_performance,
        training_window
    )
    VALUES (
        attachment.attachment_id, every, min_new_outcomes, on_drift, on_performance,
        training_window
    )
    ON CONFLICT ON CONSTRAINT retraining_plans_pkey DO UPDATE SET
        every = EXCLUDED.every, min_new_outcomes = EXCLUDED.min_new_outcomes,
        on_drift = EXCLUDED.on_drift, on_performance = EXCLUDED.on_performance,
        training_window = EXCLUDED.training_window, set_by = EXCLUDED.set_by,
        set_at = EXCLUDED.set_at;
END $body$;
COMMENT ON FUNCTION churn.set_retraining IS
    'When a profile is retrained: so long after the last time, once it is known of so many '
    'more customers what became of them, and when an alert is opened; and over how long a time '
    'the customers were scored who are trained on. All of it left out: never, and the request '
    'that is open is cancelled.';
GRANT EXECUTE ON FUNCTION churn.set_retraining TO churn_loader;
