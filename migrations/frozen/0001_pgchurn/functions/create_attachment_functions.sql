CREATE OR REPLACE FUNCTION churn_internal.create_attachment_functions(
    attachment churn.attachments
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    placeholders CONSTANT jsonb := churn_internal.attachment_placeholders(attachment);
    outdated regprocedure;
    logging name;
BEGIN
    -- A key of another type makes other functions of the same names.
    FOR outdated IN
        SELECT f.oid
        FROM churn_internal.key_comparison(
            attachment.profile, attachment.profile_key, attachment.complaints,
            attachment.complaint_key
        ) k
        JOIN pg_catalog.pg_type t ON t.oid = k.common_type
        JOIN pg_catalog.pg_proc f
            ON f.pronamespace = 'churn_internal'::regnamespace
            AND f.proname = format('write_profiles_%s', attachment.attachment_id)
            AND f.proargtypes[0] <> t.typarray
    LOOP
        EXECUTE format('DROP FUNCTION %s', outdated);
    END LOOP;

    -- How each reads the row of a profile: under which name, with which count of
    -- complaints, and with what for a number that is null.
    PERFORM churn_internal.create_from_template(
        t.template,
        placeholders || to_jsonb(churn_internal.feature_arrays(
            attachment, t.row_name, t.complaint_count, t.null_number
        )) || CASE
            WHEN l.template IS NULL THEN '{}'
            ELSE churn_internal.logging(
                attachment, format('%s AND %s', l.is_scored, placeholders ->> 'sampled'),
                l.cause, l.counted_in, l.alone
            )
        END
    )
    FROM (VALUES
        ('score', '($1)', '($1).complaint_count', 'NULL'),
        ('score_many', 'p', 'p.complaint_count', '''NaN'''),
        ('explain', '($1)', '($1).complaint_count', 'NULL'),
        ('what_would_help', '($1)', '($1).complaint_count', 'NULL'),
        ('write_profiles', 'p', 'n.complaints', '''NaN'''),
        ('write_guarded', 'p', 'p.complaint_count', '''NaN'''),
        ('store_profiles', 'p', 'p.complaint_count', '''NaN'''),
        ('rescore_profiles', 'p', 'p.complaint_count', '''NaN'''),
        ('failed_profiles', 'p', 'p.complaint_count', '''NaN'''),
        ('dequeue_missing_profiles', 'p', 'p.complaint_count', '''NaN'''),
        ('repair_profiles', 'p', 'p.complaint_count', '''NaN'''),
        ('work_profiles', 'p', 'p.complaint_count', '''NaN'''),
        ('verify_profiles', 'p', 'p.complaint_count', '''NaN'''),
        ('complaints_inserted_' || CASE
            WHEN attachment.guarded THEN 'guarded' ELSE attachment.scoring_mode
        END, 'p', '(p.complaint_count + 1)', 'NULL'),
        ('complaints_recounted', 'p', 'p.complaint_count', '''NaN'''),
        ('profile_changing', 'p', 'p.complaint_count', 'NULL'),
        ('profiles_changed', 'p', 'p.complaint_count', '''NaN''')
    ) t (template, row_name, complaint_count, null_number)
    -- And those that write scores: which rows have a new one, and what had them scored.
    LEFT JOIN (VALUES
        ('complaints_inserted_inline', 'current_schema IS NOT NULL', '''complaint''', NULL, true),
        ('store_profiles', 'new.score IS NOT NULL',
         '(SELECT coalesce(nullif(current_setting(''churn.score_cause'', true), ''''), ''batch''))',
         NULL, false),
        ('rescore_profiles', 'true', '''batch''', 'written', false),
        ('work_profiles', 'true', '''queue''', 'scored', false)
    ) l (template, is_scored, cause, counted_in, alone) ON l.template = t.template;
    IF attachment.guarded AND attachment.log_rate > 0 THEN
        PERFORM churn_internal.create_log_predictions(attachment);
    ELSIF attachment.log_rate > 0 THEN
        -- So that every digit of a double is written, whatever the session has its floats
        -- print.
        FOR logging IN
            SELECT f.proname FROM pg_catalog.pg_proc f
            WHERE f.pronamespace = 'churn_internal'::regnamespace AND f.proname IN (
                format('complaints_inserted_%s', attachment.attachment_id),
                format('store_profiles_%s', attachment.attachment_id),
                format('rescore_profiles_%s', attachment.attachment_id),
                format('work_profiles_%s', attachment.attachment_id)
            )
        LOOP
            EXECUTE format(
                'ALTER FUNCTION churn_internal.%I SET extra_float_digits = 1', logging
            );
        END LOOP;
    END IF;
    PERFORM churn_internal.create_publish_scores(attachment);
END $body$;
COMMENT ON FUNCTION churn_internal.create_attachment_functions IS
    'Writes the functions of an attachment for its tables as they are now.';
