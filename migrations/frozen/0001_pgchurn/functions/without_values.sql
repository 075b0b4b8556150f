CREATE OR REPLACE FUNCTION churn_internal.without_values(sqlstate text, message text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN CASE
    -- Of data: invalid input syntax for type integer: "what stood in the row".
    WHEN sqlstate ~ '^22' THEN regexp_replace(message, '".*"', '"..."')
    -- Of languages that have words of their own for a value that they do not like.
    WHEN sqlstate ~ '^3[89]' THEN format('a function of the table''s failed with %s', sqlstate)
    ELSE message
END;
COMMENT ON FUNCTION churn_internal.without_values IS
    'What an error of a table''s own triggers, checks and the like says, for whoever complains '
    'and need not be allowed to read the table: without the values that PostgreSQL quotes.';
