CREATE OR REPLACE FUNCTION churn_internal.outcome_expression(
    attachment churn.attachments, row_name text
) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT coalesce((
        SELECT format(
            '(%s = ANY (%L::pg_catalog.text[]))',
            churn_internal.label_expression(
                c.atttypid, c.atttypmod,
                format('%s.%I', outcome_expression.row_name, c.attname)
            ),
            churn_internal.positive_labels(attachment.positive_class)
        )
        FROM pg_catalog.pg_attribute c
        WHERE c.attrelid = attachment.profile AND c.attname = attachment.outcome_label
          AND c.attnum > 0 AND NOT c.attisdropped
          AND churn_internal.has_label(attachment)
    ), 'NULL::pg_catalog.bool');
END;
COMMENT ON FUNCTION churn_internal.outcome_expression IS
    'SQL of what the label of a row of a profile says: whether the customer has left; null: '
    'it is not known, or no label is recorded.';
