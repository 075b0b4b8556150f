CREATE OR REPLACE FUNCTION churn.feature_arrays(
    attachment churn.attachments, row_name text, complaint_count text,
    OUT numbers text, OUT texts text
)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT
        format('ARRAY[%s]::double precision[]', string_agg(
            format(
                'coalesce(%s::double precision, ''NaN'')',
                CASE
                    WHEN c.attname = 'complaint_count' THEN complaint_count
                    WHEN churn.column_kind(c.atttypid) = 'boolean'
                        THEN format('%s.%I::integer', row_name, c.attname)
                    ELSE format('%s.%I', row_name, c.attname)
                END
            ), ', ' ORDER BY array_position(attachment.number_columns, c.attname)
        ) FILTER (WHERE c.attname = ANY (attachment.number_columns))),
        format('ARRAY[%s]::text[]', string_agg(
            format('%s.%I::text', row_name, c.attname),
            ', ' ORDER BY array_position(attachment.text_columns, c.attname)
        ) FILTER (WHERE c.attname = ANY (attachment.text_columns)))
    FROM pg_catalog.pg_attribute c
    WHERE c.attrelid = attachment.profile AND c.attnum > 0 AND NOT c.attisdropped;
END;
COMMENT ON FUNCTION churn.feature_arrays IS
    'SQL of the two arrays that carry a profile row to a model, NaN for a missing number.';
ALTER FUNCTION churn.feature_arrays OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.feature_arrays FROM PUBLIC;
