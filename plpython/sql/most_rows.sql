CREATE OR REPLACE FUNCTION churn_internal.most_rows(attachment churn.attachments) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
-- 250 MB, a quarter of what a value may take: a text is cut to 1001 characters of four
-- bytes at most.
RETURN 250000000 / (
    100 + 16 * cardinality(attachment.number_columns) + 4100 * cardinality(attachment.text_columns)
);
COMMENT ON FUNCTION churn_internal.most_rows IS
    'How many rows of an attachment are handed to a model at once, at most.';
