CREATE OR REPLACE FUNCTION churn.set_outcome(
    profile regclass, label_column name, horizon interval DEFAULT '90 days',
    positive_class text DEFAULT NULL, labels_known_at timestamptz DEFAULT '-infinity'
) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
    recorded bigint;
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'which column tells outcomes is said by a superuser',
            DETAIL = 'Whoever may read churn.outcomes sees what it says of all customers.';
    END IF;
    PERFORM churn_internal.check_isolation(
        'labels cannot be recorded', 'It could miss those that were committed after it began.'
    );
    IF horizon IS NULL OR NOT isfinite(horizon) OR horizon <= interval '0' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('horizon must be more than nothing, not %s',
                             coalesce(horizon::text, 'null')),
            HINT = 'Pass for instance interval ''90 days''.';
    END IF;
    IF labels_known_at IS NULL OR labels_known_at = 'infinity' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('labels_known_at must be a time, not %s',
                             coalesce(labels_known_at::text, 'null')),
            HINT = 'Pass ''-infinity'' where nobody knows since when the labels are known.';
    END IF;
    -- Waits for whoever writes labels that nothing records yet.
    IF label_column IS NOT NULL THEN
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE',
                       churn_internal.table_name(profile));
    END IF;
    UPDATE churn.attachments a SET
        outcome_label = set_outcome.label_column, horizon = set_outcome.horizon,
        positive_class = set_outcome.positive_class
    WHERE a.attachment_id = attachment.attachment_id
    RETURNING a.* INTO attachment;
    IF label_column IS NULL THEN
        PERFORM churn_internal.create_attachment_functions(attachment);
        RETURN 0;
    END IF;
    PERFORM churn_internal.check_labels(attachment);
    PERFORM churn_internal.create_attachment_functions(attachment);
    -- What differs from what was recorded became known since then.
    INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)
    SELECT attachment.attachment_id, l.key, l.outcome,
           CASE WHEN l.is_first THEN labels_known_at ELSE clock_timestamp() END, 'label'
    FROM churn_internal.unrecorded_labels(attachment) l;
    GET DIAGNOSTICS recorded = ROW_COUNT;
    RETURN recorded;
END $body$;
COMMENT ON FUNCTION churn.set_outcome IS
    'Names the column of a profile that says who has left, and for how long after a '
    'prediction that counts for it: from then on its labels are appended to churn.outcomes. '
    'Null: none is. Returns how many of those that are there were appended.';
