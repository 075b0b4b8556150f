CREATE OR REPLACE FUNCTION churn_internal.read_profiles(
    attachment churn.attachments, wanted text[],
    OUT keys text[], OUT numbers bytea, OUT texts text[]
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    arrays CONSTANT record := churn_internal.feature_arrays(
        attachment, 'p', 'p.complaint_count', '''NaN'''
    );
BEGIN
    EXECUTE format(
        'SELECT array_agg(r.key), array_send(array_agg(r.numbers)), %6$s
         FROM (
            SELECT p.%1$I::text AS key, %4$s AS numbers, %5$s AS texts
            FROM %3$s p
            JOIN unnest($1::%2$s[]) given (key) ON given.key = p.%1$I
            ORDER BY p.%1$I
         ) r',
        attachment.profile_key, churn_internal.key_type(attachment),
        churn_internal.table_name(attachment.profile), arrays.numbers, arrays.texts,
        churn_internal.attachment_placeholders(attachment) ->> 'text_rows'
    ) INTO keys, numbers, texts USING wanted;
END $body$;
COMMENT ON FUNCTION churn_internal.read_profiles IS
    'What an attachment''s columns hold in the profiles with these keys, in key order, as '
    'scoring takes them.';
