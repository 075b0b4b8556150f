CREATE OR REPLACE FUNCTION churn_internal.feature_arrays(
    attachment churn.attachments, row_name text, complaint_count text, null_number text,
    OUT numbers text, OUT texts text
)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT
        -- Arrays of nothing cannot be accumulated: rows are counted by their numbers.
        format('ARRAY[%s]::double precision[]', coalesce(string_agg(
            format(
                CASE null_number WHEN 'NULL' THEN '%s' ELSE 'coalesce(%s, %s)' END,
                CASE
                    WHEN c.attname = 'complaint_count'
                        THEN complaint_count || '::double precision'
                    ELSE f.expression
                END,
                null_number
            ), ', ' ORDER BY array_position(attachment.number_columns, c.attname)
        ) FILTER (WHERE c.attname = ANY (attachment.number_columns)), '0')),
        format('ARRAY[%s]::pg_catalog.text[]', string_agg(
            f.expression, ', ' ORDER BY array_position(attachment.text_columns, c.attname)
        ) FILTER (WHERE c.attname = ANY (attachment.text_columns)))
    FROM pg_catalog.pg_attribute c
    CROSS JOIN LATERAL churn_internal.feature_expression(
        c.atttypid, c.atttypmod, format('%s.%I', row_name, c.attname)
    ) f (expression)
    WHERE c.attrelid = attachment.profile AND c.attnum > 0 AND NOT c.attisdropped;
END;
COMMENT ON FUNCTION churn_internal.feature_arrays IS
    'SQL of the two arrays, of numbers and of texts, that carry a profile row to a model.';
