CREATE OR REPLACE FUNCTION churn_internal.has_label(attachment churn.attachments) RETURNS boolean
LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN EXISTS (
    SELECT FROM pg_catalog.pg_attribute c
    WHERE c.attrelid = attachment.profile AND c.attname = attachment.outcome_label
      AND c.attnum > 0 AND NOT c.attisdropped
      AND churn_internal.column_kind(c.atttypid) IS NOT NULL
);
COMMENT ON FUNCTION churn_internal.has_label IS
    'Whether a profile has the column that is to tell outcomes, of a type that can.';
