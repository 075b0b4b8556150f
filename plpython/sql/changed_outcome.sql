CREATE OR REPLACE FUNCTION churn_internal.changed_outcome(
    attachment churn.attachments, former text, present text
) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    -- To compare the labels takes a fifth of what it takes to read both.
    SELECT coalesce((
        SELECT format(
            '(%s IS DISTINCT FROM %s AND %s IS DISTINCT FROM %s)',
            churn_internal.label_value(
                c.atttypid, c.atttypmod, format('%s.%I', changed_outcome.former, c.attname)
            ),
            churn_internal.label_value(
                c.atttypid, c.atttypmod, format('%s.%I', changed_outcome.present, c.attname)
            ),
            churn_internal.outcome_expression(attachment, changed_outcome.former),
            churn_internal.outcome_expression(attachment, changed_outcome.present)
        )
        FROM pg_catalog.pg_attribute c
        WHERE c.attrelid = attachment.profile AND c.attname = attachment.outcome_label
          AND c.attnum > 0 AND NOT c.attisdropped
          AND churn_internal.has_label(attachment)
    ), 'false');
END;
COMMENT ON FUNCTION churn_internal.changed_outcome IS
    'SQL of whether the labels of two rows of a profile say different things.';
