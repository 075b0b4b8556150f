CREATE OR REPLACE FUNCTION churn_internal.cut_text(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
-- How long it is stands beside a value that is stored apart, and only its beginning is read.
RETURN CASE WHEN octet_length(value) > 1000 THEN left(value, 1001) ELSE value END;
COMMENT ON FUNCTION churn_internal.cut_text IS
    'As much of a text as can tell it from every category: a model may have none of more '
    'than 1000 characters.';
GRANT EXECUTE ON FUNCTION churn_internal.cut_text TO churn_scorer, churn_loader;
