CREATE OR REPLACE FUNCTION churn_internal.wrong_profiles(attachment churn.attachments)
RETURNS text[] LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    keys text[];
BEGIN
    EXECUTE format(
        'SELECT array_agg(w.key ORDER BY w.key::%2$s) FROM (
            SELECT v.key FROM churn_internal.verify_profiles_%1$s() v
            UNION
            SELECT (f.failed).key FROM churn_internal.failed_profiles_%1$s() f
            UNION
            SELECT m.key FROM churn_internal.pending_profiles m WHERE m.attachment_id = %1$s
         ) w', attachment.attachment_id, churn_internal.key_order(attachment)
    ) INTO keys;
    RETURN keys;
END $body$;
COMMENT ON FUNCTION churn_internal.wrong_profiles IS
    'Keys of the profiles that churn.verify finds wrong or that are marked, in key order.';
GRANT EXECUTE ON FUNCTION churn_internal.wrong_profiles TO churn_loader;
