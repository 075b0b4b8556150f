CREATE OR REPLACE FUNCTION churn.layout(attachment churn.attachments)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN md5(ROW(attachment.number_columns, attachment.text_columns)::text);
COMMENT ON FUNCTION churn.layout IS
    'Digest of the columns that an attachment passes to a model, in their order.';
ALTER FUNCTION churn.layout OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.layout FROM PUBLIC;
