CREATE OR REPLACE FUNCTION churn.record_action(
    profile regclass, key text, action text, at timestamptz DEFAULT now()
) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    stored_key CONSTANT text := churn_internal.stored_key(attachment, record_action.key);
BEGIN
    IF record_action.action IS NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'action is null',
            HINT = 'Say what was done: ''call'', ''offer''.';
    ELSIF record_action.at IS NULL OR NOT isfinite(record_action.at) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('at must be a time, not %s',
                             coalesce(record_action.at::text, 'null')),
            HINT = 'Pass when the customer was acted upon.';
    END IF;
    INSERT INTO churn.actions (attachment_id, key, action, at)
    SELECT attachment.attachment_id, stored_key, record_action.action, record_action.at
    WHERE NOT EXISTS (
        SELECT FROM churn.actions a
        WHERE a.attachment_id = attachment.attachment_id AND a.key = stored_key
          AND a.at = record_action.at AND a.action = record_action.action
    );
    RETURN FOUND;
END $body$;
COMMENT ON FUNCTION churn.record_action IS
    'Appends what was done to keep a customer to churn.actions, and says whether it did: not '
    'where the same of the same time is there.';
GRANT EXECUTE ON FUNCTION churn.record_action TO churn_loader;
