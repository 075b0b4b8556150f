CREATE OR REPLACE FUNCTION churn_internal.changed_features(
    attachment churn.attachments, former text, present text
) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT format('ARRAY[%s]::text[]', string_agg(
        format('CASE WHEN %s IS DISTINCT FROM %s THEN %L END', f.former, f.present, c.attname),
        ', ' ORDER BY c.attnum
    ))
    FROM pg_catalog.pg_attribute c
    CROSS JOIN LATERAL (SELECT
        churn_internal.feature_expression(
            c.atttypid, c.atttypmod, format('%s.%I', changed_features.former, c.attname)
        ),
        churn_internal.feature_expression(
            c.atttypid, c.atttypmod, format('%s.%I', changed_features.present, c.attname)
        )
    ) f (former, present)
    WHERE c.attrelid = attachment.profile AND c.attnum > 0 AND NOT c.attisdropped
      AND c.attname <> 'complaint_count'
      AND c.attname = ANY (attachment.number_columns || attachment.text_columns);
END;
COMMENT ON FUNCTION churn_internal.changed_features IS
    'SQL of the names of the features in which two rows of a profile differ, among nulls. '
    'The count of complaints is pgchurn''s own.';
