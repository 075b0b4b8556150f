CREATE OR REPLACE FUNCTION churn_internal.create_attachment_functions(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    placeholders jsonb := jsonb_build_object(
        'id', attachment.attachment_id,
        'layout', quote_literal(churn_internal.layout_digest(attachment)),
        'profile', churn_internal.table_name(attachment.profile),
        'key', quote_ident(attachment.profile_key),
        'key_type', churn_internal.key_type(attachment),
        'complaints', churn_internal.table_name(attachment.complaints),
        'complaint_key', quote_ident(attachment.complaint_key),
        -- Whole literals: what a backslash in a name means is up to the session.
        'verify_comment', quote_literal(format(
            'Counters and scores of %s that disagree with the truth.',
            churn_internal.table_name(attachment.profile)
        )),
        'complaints_comment', quote_literal(format(
            'Trigger of %s: keeps counters and scores of %s right.',
            churn_internal.table_name(attachment.complaints),
            churn_internal.table_name(attachment.profile)
        )),
        'profile_comment', quote_literal(format(
            'Trigger of %s: scores rows that are new or whose features changed.',
            churn_internal.table_name(attachment.profile)
        )),
        -- Without a time of its own a complaint was made when it was inserted.
        'complaint_time', coalesce(churn_internal.complaint_time(attachment), 'now()'),
        'latest', CASE
            WHEN attachment.complaint_time IS NULL
                THEN 'greatest(p.last_complaint_at, given.latest)'
            ELSE 'counted.latest'
        END,
        'expected_latest', CASE
            WHEN attachment.complaint_time IS NULL THEN 'p.last_complaint_at'
            ELSE 'counted.latest'
        END,
        'queued', attachment.scoring_mode = 'queued',
        -- Only where it is read, since every INSERT would pay for it.
        'note_complaint', CASE
            WHEN attachment.log_rate > 0
                THEN $note$mark := set_config('churn.score_cause', 'complaint', true);$note$
            ELSE ''
        END,
        -- Arrays of nothing cannot be accumulated.
        'text_rows', CASE
            WHEN attachment.text_columns = '{}' THEN 'NULL::text[]'
            ELSE 'array_agg(r.texts)'
        END,
        'unqueued_text_rows', CASE
            WHEN attachment.text_columns = '{}' THEN 'NULL::text[]'
            ELSE 'array_agg(r.texts) FILTER (WHERE NOT queued)'
        END
    );
    outdated regprocedure;
BEGIN
    -- A key of another type makes other functions of the same names.
    FOR outdated IN
        SELECT f.oid FROM pg_catalog.pg_proc f
        WHERE f.pronamespace = 'churn'::regnamespace
          AND f.proname IN (
            format('read_profiles_%s', attachment.attachment_id),
            format('write_profiles_%s', attachment.attachment_id)
          )
          AND f.proargtypes[0] NOT IN (
            (placeholders ->> 'key_type')::regtype,
            (placeholders ->> 'key_type' || '[]')::regtype
          )
    LOOP
        EXECUTE format('DROP FUNCTION %s', outdated);
    END LOOP;

    PERFORM churn_internal.create_score_function(attachment, placeholders);
    PERFORM churn_internal.create_score_many_function(attachment, placeholders);
    PERFORM churn_internal.create_read_profiles(attachment, placeholders);
    PERFORM churn_internal.create_write_profiles(attachment, placeholders);
    PERFORM churn_internal.create_rescore_profiles(attachment, placeholders);
    PERFORM churn_internal.create_repair_functions(attachment, placeholders);
    PERFORM churn_internal.create_work_profiles(attachment, placeholders);
    PERFORM churn_internal.create_verify_profiles(attachment, placeholders);
    PERFORM churn_internal.create_complaints_changed(attachment, placeholders);
    PERFORM churn_internal.create_profiles_changed(attachment, placeholders);
    IF attachment.log_rate > 0 THEN
        PERFORM churn_internal.create_log_predictions(attachment);
    END IF;
    PERFORM churn_internal.create_publish_scores(attachment);
END
$body$;
COMMENT ON FUNCTION churn_internal.create_attachment_functions IS
    'Writes the functions of an attachment for its tables as they are now.';
ALTER FUNCTION churn_internal.create_attachment_functions OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.create_attachment_functions FROM PUBLIC;
