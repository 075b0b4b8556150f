CREATE OR REPLACE FUNCTION churn_internal.row_image(
    attachment churn.attachments, row_name text
) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    -- By the types' output functions, which are superusers', and by no cast.
    SELECT format('ROW(%s)::pg_catalog.text', string_agg(
        format('%s.%I', row_image.row_name, c.attname), ', ' ORDER BY c.attnum
    ))
    FROM pg_catalog.pg_attribute c
    WHERE c.attrelid = attachment.profile AND c.attnum > 0 AND NOT c.attisdropped
      AND c.attname <> attachment.profile_key;
END;
COMMENT ON FUNCTION churn_internal.row_image IS
    'SQL of all that is in a row of a profile but its key, as text.';
