CREATE OR REPLACE FUNCTION churn_internal.read_profiles(
    attachment churn.attachments, wanted text[],
    OUT keys text[], OUT numbers bytea, OUT texts text[]
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    placeholders CONSTANT jsonb := churn_internal.attachment_placeholders(attachment);
    arrays CONSTANT record := churn_internal.feature_arrays(
        attachment, 'p', 'p.complaint_count', '''NaN'''
    );
BEGIN
    EXECUTE format(
        'SELECT array_agg(r.key), array_send(array_agg(r.numbers)), %6$s
         FROM (
            SELECT p.%1$I::text AS key, %4$s AS numbers, %5$s AS texts
            FROM %3$s p
            JOIN unnest($1) given (key) ON p.%1$I %7$s given.key::%2$s
            ORDER BY p.%1$I
         ) r',
        attachment.profile_key, placeholders ->> 'key_order',
        churn_internal.table_name(attachment.profile), arrays.numbers, arrays.texts,
        placeholders ->> 'text_rows', placeholders ->> 'equals_key'
    ) INTO keys, numbers, texts USING wanted;
END $body$;
COMMENT ON FUNCTION churn_internal.read_profiles IS
    'What an attachment''s columns hold in the profiles with these keys, in key order, as '
    'scoring takes them.';
