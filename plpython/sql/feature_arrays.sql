CREATE OR REPLACE FUNCTION churn_internal.feature_arrays(
    attachment churn.attachments, row_name text, complaint_count text, null_number text,
    OUT numbers text, OUT texts text
)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT
        format('ARRAY[%s]::double precision[]', string_agg(
            format(
                CASE null_number WHEN 'NULL' THEN '%s' ELSE 'coalesce(%s, %s)' END,
                CASE
                    WHEN c.attname = 'complaint_count'
                        THEN complaint_count || '::double precision'
                    WHEN churn_internal.column_kind(c.atttypid) = 'boolean'
                        THEN format('%s.%I::integer::double precision', row_name, c.attname)
                    -- Only a number without a declared precision can be too large.
                    WHEN c.atttypid IN (
                        'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype,
                        'real'::regtype, 'double precision'::regtype
                    ) OR (c.atttypid = 'numeric'::regtype
                          AND (c.atttypmod - 4) >> 16 BETWEEN 1 AND 300)
                        THEN format('%s.%I::double precision', row_name, c.attname)
                    ELSE format('churn_internal.to_double(%s.%I::numeric)', row_name, c.attname)
                END,
                null_number
            ), ', ' ORDER BY array_position(attachment.number_columns, c.attname)
        ) FILTER (WHERE c.attname = ANY (attachment.number_columns))),
        -- In full, since churn.score is read under its caller's search_path.
        format('ARRAY[%s]::pg_catalog.text[]', string_agg(
            format('%s.%I::pg_catalog.text', row_name, c.attname),
            ', ' ORDER BY array_position(attachment.text_columns, c.attname)
        ) FILTER (WHERE c.attname = ANY (attachment.text_columns)))
    FROM pg_catalog.pg_attribute c
    WHERE c.attrelid = attachment.profile AND c.attnum > 0 AND NOT c.attisdropped;
END;
COMMENT ON FUNCTION churn_internal.feature_arrays IS
    'SQL of the two arrays, of numbers and of texts, that carry a profile row to a model.';
