CREATE OR REPLACE FUNCTION churn.set_scoring_mode(profile regclass, scoring_mode text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
    marks bigint;
BEGIN
    IF scoring_mode IS NULL OR scoring_mode NOT IN ('inline', 'queued') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown scoring mode %s', coalesce(scoring_mode, 'null')),
            HINT = 'Pass inline or queued.';
    END IF;
    UPDATE churn.attachments a SET scoring_mode = set_scoring_mode.scoring_mode
    WHERE a.attachment_id = attachment.attachment_id;
    -- The trigger functions are of the one mode or the other, so that neither looks up
    -- which it is: that took an eighth of a single INSERT.
    PERFORM churn_internal.refresh_attachment(attachment.attachment_id);
    IF scoring_mode = 'inline' THEN
        SELECT q.waiting INTO marks FROM churn.queue q
        WHERE q.profile = attachment.profile;
        IF marks > 0 THEN
            RAISE NOTICE USING
                MESSAGE = format('%s customers still wait to be scored', marks),
                HINT = 'Let pgchurn work or churn.work go on until churn.queue is empty.';
        END IF;
    END IF;
END $body$;
COMMENT ON FUNCTION churn.set_scoring_mode IS
    'Whether customers are scored by the statement that changes them (inline), or marked '
    'for churn.work (queued): for every session''s next statement at commit.';
GRANT EXECUTE ON FUNCTION churn.set_scoring_mode TO churn_loader;
