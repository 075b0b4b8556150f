CREATE OR REPLACE FUNCTION churn_internal.record_labels(
    attachment_id integer, keys text[], outcomes boolean[], are_new boolean[]
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
-- To compile a plan for many labels takes 57 MB a session.
SET jit = off AS $body$
#variable_conflict use_column
DECLARE
    -- Later than that of whoever changed the same row before: its lock has been waited for.
    changed_at CONSTANT timestamptz := clock_timestamp();
    attachment churn.attachments;
    reason text;
BEGIN
    INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)
    SELECT record_labels.attachment_id, k.key, k.outcome, changed_at, 'label'
    FROM unnest(keys, outcomes, are_new) k (key, outcome, is_new)
    LEFT JOIN LATERAL (
        SELECT o.outcome
        FROM churn.outcomes o
        WHERE k.is_new AND o.attachment_id = record_labels.attachment_id AND o.key = k.key
          AND o.source = 'label'
        ORDER BY o.outcome_id DESC LIMIT 1
    ) last ON true
    WHERE NOT k.is_new OR k.outcome IS DISTINCT FROM last.outcome;
-- OTHERS are neither assertions nor cancels, which go on.
EXCEPTION WHEN OTHERS THEN
    SELECT a.* INTO attachment
    FROM churn.attachments a WHERE a.attachment_id = record_labels.attachment_id;
    -- Whoever waits for the transaction has to hear of deadlocks and the like.
    IF SQLSTATE ~ '^(40|57)' OR attachment.on_error = 'raise' THEN
        RAISE;
    END IF;
    reason := SQLERRM;
    PERFORM churn_internal.warn(
        format('outcomes of %s customers of %s are not recorded', cardinality(keys),
               churn_internal.table_name(attachment.profile)),
        reason,
        'The labels are kept. Call churn.set_outcome again: it records those that are not.'
    );
END $body$;
COMMENT ON FUNCTION churn_internal.record_labels IS
    'Appends what labels say to churn.outcomes; of rows that are new only what differs from '
    'what the label said last. What fails costs the statement nothing, unless on_error is raise.';
