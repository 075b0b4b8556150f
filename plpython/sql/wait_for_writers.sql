CREATE OR REPLACE FUNCTION churn_internal.wait_for_writers(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF NOT churn_internal.wait_for_transactions(ARRAY(
        -- Whoever scores a batch of a run has locked its range.
        SELECT t.relation::oid
        FROM (VALUES
            (attachment.profile), (attachment.complaints),
            ('churn_internal.rescore_ranges')
        ) t (relation)
        UNION
        SELECT p.relid
        FROM (VALUES (attachment.profile), (attachment.complaints)) t (relation)
        CROSS JOIN pg_partition_tree(t.relation) p
    )) THEN
        RAISE lock_not_available USING
            MESSAGE = format('%s is being written', attachment.profile),
            DETAIL = 'A transaction that is under way may store scores of the version.',
            HINT = 'Call churn.delete_model again when it has ended.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.wait_for_writers IS
    'Returns when the transactions that were writing an attachment''s tables have ended.';
