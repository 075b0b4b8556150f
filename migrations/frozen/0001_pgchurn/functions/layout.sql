CREATE OR REPLACE FUNCTION churn_internal.layout(attachment churn.attachments) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN json_build_array(attachment.number_columns, attachment.text_columns)::text;
COMMENT ON FUNCTION churn_internal.layout IS
    'The columns that an attachment passes to a model, in their order: JSON of the two '
    'lists, of numbers and of texts. It goes with the arrays that it is of, so that '
    'whoever still runs the function of before is understood.';
