CREATE OR REPLACE FUNCTION churn_internal.move_history(
    attachment_id integer, former_keys text[], present_keys text[], lost_keys text[]
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
-- Compiling took the session 41 MB.
SET jit = off AS $body$
#variable_conflict use_column
DECLARE
    relation regclass;
    lost bigint;
BEGIN
    FOREACH relation IN ARRAY
        ARRAY[
            'churn.predictions', 'churn.outcomes', 'churn.actions', 'churn.exposures'
        ]::regclass[]
    LOOP
        EXECUTE format(
            'UPDATE %s h SET key = k.present
             FROM unnest($2, $3) k (former, present)
             WHERE h.attachment_id = $1 AND h.key = k.former', relation
        ) USING move_history.attachment_id, former_keys, present_keys;
    END LOOP;
    SELECT count(*) INTO lost
    FROM unnest(lost_keys) k (key)
    WHERE EXISTS (
        SELECT FROM churn.predictions p
        WHERE p.attachment_id = move_history.attachment_id AND p.key = k.key
        UNION ALL
        SELECT FROM churn.outcomes o
        WHERE o.attachment_id = move_history.attachment_id AND o.key = k.key
        UNION ALL
        SELECT FROM churn.actions a
        WHERE a.attachment_id = move_history.attachment_id AND a.key = k.key
        UNION ALL
        SELECT FROM churn.exposures e
        WHERE e.attachment_id = move_history.attachment_id AND e.key = k.key
    );
    IF lost > 0 THEN
        PERFORM churn_internal.warn(
            format('predictions, outcomes and actions of %s customers stay under their former '
                   'keys', lost),
            'One statement changed several keys, and nothing else of the rows tells which key '
            'has become which.',
            'Change one key in a statement where its history is to follow.'
        );
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.move_history IS
    'Has the log, outcomes, actions and exposures of customers follow their keys, and warns '
    'of those that cannot.';
