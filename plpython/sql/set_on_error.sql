CREATE OR REPLACE FUNCTION churn.set_on_error(profile regclass, on_error text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
BEGIN
    IF on_error IS NULL OR on_error NOT IN ('keep', 'raise') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown failure policy %s', coalesce(on_error, 'null')),
            HINT = 'Pass keep or raise.';
    END IF;
    UPDATE churn.attachments a SET on_error = set_on_error.on_error
    WHERE a.attachment_id = attachment.attachment_id;
END $body$;
COMMENT ON FUNCTION churn.set_on_error IS
    'What happens to a complaint that cannot be scored: keep it with the old score, or raise.';
GRANT EXECUTE ON FUNCTION churn.set_on_error TO churn_loader;
