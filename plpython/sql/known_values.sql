-- What a version knows of a column is told to whoever may read the column: categories are
-- values of stored rows.
CREATE OR REPLACE VIEW churn_internal.known_values (
    version, feature, known
) AS
SELECT m.version, f.key, f.value
FROM churn.models m
JOIN churn.attachments a ON a.attachment_id = m.attachment_id
CROSS JOIN LATERAL jsonb_each(m.reference -> 'features') f
JOIN pg_catalog.pg_attribute c
    ON c.attrelid = a.profile AND c.attname = f.key AND c.attnum > 0 AND NOT c.attisdropped
WHERE has_column_privilege(c.attrelid, c.attnum, 'SELECT')
  AND NOT row_security_active(c.attrelid);
-- So that no condition of theirs sees a row before.
ALTER VIEW churn_internal.known_values SET (security_barrier = true);
COMMENT ON VIEW churn_internal.known_values IS
    'What versions know of the values of their features: one row for each that its reader may '
    'read in the profile, where no row level security hides rows.';
COMMENT ON COLUMN churn_internal.known_values.version IS 'The model version.';
COMMENT ON COLUMN churn_internal.known_values.feature IS 'The feature''s name.';
COMMENT ON COLUMN churn_internal.known_values.known IS
    'What is typical, the share that is known, and the categories or the quantiles.';
GRANT SELECT ON churn_internal.known_values TO churn_loader, churn_scorer;
