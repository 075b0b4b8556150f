CREATE OR REPLACE FUNCTION churn_internal.recount_profiles(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    placeholders CONSTANT jsonb := churn_internal.attachment_placeholders(attachment);
BEGIN
    EXECUTE format(
        'SELECT churn_internal.write_profiles_%1$s(
            array_agg(p.%2$I::%3$s ORDER BY p.%2$I), NULL, NULL, %4$L
        )
        FROM %5$s p
        WHERE p.complaint_count <> 0
           OR EXISTS (SELECT FROM %6$s c WHERE p.%2$I %7$s c.%8$I::%9$s)
        HAVING count(*) > 0',
        attachment.attachment_id, attachment.profile_key, placeholders ->> 'common_type',
        attachment.scoring_mode = 'queued', placeholders ->> 'profile',
        placeholders ->> 'complaints', placeholders ->> 'equals_common',
        attachment.complaint_key, placeholders ->> 'common_order'
    );
END $body$;
COMMENT ON FUNCTION churn_internal.recount_profiles IS
    'Counts the complaints of all customers who had or have some, and scores them.';
