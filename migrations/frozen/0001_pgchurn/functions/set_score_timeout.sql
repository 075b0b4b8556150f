CREATE OR REPLACE FUNCTION churn.set_score_timeout(profile regclass, score_timeout interval)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
BEGIN
    IF score_timeout IS NULL OR score_timeout <= interval '0' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('score_timeout must be more than nothing, not %s',
                             coalesce(score_timeout::text, 'null'));
    END IF;
    UPDATE churn.attachments a SET score_timeout = set_score_timeout.score_timeout
    WHERE a.attachment_id = attachment.attachment_id;
END $body$;
COMMENT ON FUNCTION churn.set_score_timeout IS
    'How long one call of a model may take before it counts as a failure.';
GRANT EXECUTE ON FUNCTION churn.set_score_timeout TO churn_loader;
