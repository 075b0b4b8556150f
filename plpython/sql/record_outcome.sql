CREATE OR REPLACE FUNCTION churn.record_outcome(
    profile regclass, key text, outcome boolean, known_at timestamptz DEFAULT now()
) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    stored_key CONSTANT text := churn_internal.stored_key(attachment, record_outcome.key);
BEGIN
    IF record_outcome.known_at IS NULL OR record_outcome.known_at = 'infinity' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('known_at must be a time, not %s',
                             coalesce(record_outcome.known_at::text, 'null')),
            HINT = 'Pass when it became known what became of the customer.';
    END IF;
    INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)
    SELECT attachment.attachment_id, stored_key, record_outcome.outcome,
           record_outcome.known_at, 'call'
    -- Said already, and not said otherwise since.
    WHERE (
        SELECT o.outcome IS NOT DISTINCT FROM record_outcome.outcome
        FROM churn.outcomes o
        WHERE o.attachment_id = attachment.attachment_id AND o.key = stored_key
          AND o.known_at = record_outcome.known_at
        ORDER BY o.outcome_id DESC LIMIT 1
    ) IS NOT TRUE;
    RETURN FOUND;
END $body$;
COMMENT ON FUNCTION churn.record_outcome IS
    'Appends what became of a customer to churn.outcomes, and says whether it did: not where '
    'the same of the same time is there. Null withdraws what was known before.';
GRANT EXECUTE ON FUNCTION churn.record_outcome TO churn_loader;
