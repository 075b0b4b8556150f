CREATE OR REPLACE FUNCTION churn_internal.layout_digest(attachment churn.attachments) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN md5(ROW(attachment.number_columns, attachment.text_columns)::text);
COMMENT ON FUNCTION churn_internal.layout_digest IS
    'Digest of the columns that an attachment passes to a model, in their order.';
