CREATE OR REPLACE FUNCTION churn_internal.remark_renamed(
    attachment churn.attachments, altered oid[]
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    labels text[];
    lost bigint;
    placeholders jsonb;
BEGIN
    SELECT array_agg(e.enumlabel) INTO labels
    FROM churn_internal.key_comparison(
        attachment.profile, attachment.profile_key, attachment.complaints,
        attachment.complaint_key
    ) k
    JOIN pg_catalog.pg_enum e ON e.enumtypid = k.key_type
    WHERE k.key_type = ANY (altered);
    IF labels IS NULL THEN
        RETURN;
    END IF;
    -- Waits for whoever has made a mark under a name of before, which is under the lock of
    -- the profile: it would stop all workers.
    EXECUTE format(
        'SELECT FROM %s p ORDER BY p.%I FOR NO KEY UPDATE',
        churn_internal.table_name(attachment.profile), attachment.profile_key
    );
    WITH pending AS (
        DELETE FROM churn_internal.pending_profiles m
        WHERE m.attachment_id = attachment.attachment_id AND m.key <> ALL (labels)
        RETURNING m.key
    ), failed AS (
        DELETE FROM churn_internal.failed_profiles m
        WHERE m.attachment_id = attachment.attachment_id AND m.key <> ALL (labels)
        RETURNING m.key
    )
    SELECT (SELECT count(*) FROM pending) + (SELECT count(*) FROM failed) INTO lost;
    IF lost = 0 THEN
        RETURN;
    END IF;
    -- Nothing says which label has become which, and there are no more customers than
    -- labels: all of them are counted anew, and scored or marked.
    placeholders := churn_internal.attachment_placeholders(attachment);
    EXECUTE format(
        'SELECT churn_internal.write_profiles_%1$s(
            array_agg(p.%2$I::%3$s ORDER BY p.%2$I), NULL, NULL, %4$L, true
        ) FROM %5$s p HAVING count(*) > 0',
        attachment.attachment_id, attachment.profile_key, placeholders ->> 'common_type',
        attachment.scoring_mode = 'queued', placeholders ->> 'profile'
    );
    RAISE NOTICE USING
        MESSAGE = format('%s customers were marked under keys that are no more', lost),
        DETAIL = churn_internal.representable(format(
            'All customers of %s are counted anew instead.', placeholders ->> 'profile'
        ));
END $body$;
COMMENT ON FUNCTION churn_internal.remark_renamed IS
    'Where labels of an enumeration are keys and one got another name: marks under the new '
    'names those who wait.';
