CREATE OR REPLACE FUNCTION churn_internal.profiles_statement(attachment churn.attachments)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    placeholders CONSTANT jsonb := churn_internal.attachment_placeholders(attachment);
    arrays CONSTANT record := churn_internal.feature_arrays(
        attachment, 'p', 'p.complaint_count', '''NaN'''
    );
BEGIN
    RETURN format(
        'SELECT array_agg(r.key), churn_internal.array_image(array_agg(r.numbers)), %6$s
         FROM (
            SELECT p.%1$I::text AS key, %4$s AS numbers, %5$s AS texts
            FROM %3$s p
            JOIN unnest($1) given (key) ON p.%1$I %7$s given.key::%2$s
            ORDER BY p.%1$I
         ) r',
        attachment.profile_key, placeholders ->> 'key_order',
        churn_internal.table_name(attachment.profile), arrays.numbers, arrays.texts,
        placeholders ->> 'text_rows', placeholders ->> 'equals_key'
    );
END $body$;
COMMENT ON FUNCTION churn_internal.profiles_statement IS
    'SQL that reads what an attachment''s columns hold in the profiles with the keys $1, in key '
    'order, as scoring takes them: keys, numbers and texts.';
