CREATE OR REPLACE FUNCTION churn.attach(
    profile regclass, profile_key name, complaints regclass, complaint_key name,
    complaint_time name DEFAULT NULL,
    write_search_path text DEFAULT current_setting('search_path')
) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments;
    placeholders jsonb;
BEGIN
    PERFORM churn_internal.check_attachable(
        profile, profile_key, complaints, complaint_key, complaint_time
    );
    write_search_path := churn_internal.checked_search_path(write_search_path);
    -- Before the table counts as attached: what alters an attached one is followed.
    PERFORM churn_internal.create_from_template('attached_columns', jsonb_build_object(
        'profile', churn_internal.table_name(profile),
        'complaints', churn_internal.table_name(complaints)
    ));

    -- A table that was attached before takes up its models and their history again.
    UPDATE churn.attachments a SET
        profile_key = attach.profile_key, complaints = attach.complaints,
        complaint_key = attach.complaint_key, complaint_time = attach.complaint_time,
        write_search_path = attach.write_search_path, attached_by = session_user,
        attached_at = now(), detached_at = NULL, profile_name = NULL, complaints_name = NULL
    WHERE a.attachment_id = (
        SELECT max(d.attachment_id) FROM churn.attachments d
        WHERE d.profile = attach.profile AND d.dropped_at IS NULL
    )
    RETURNING a.* INTO attachment;
    IF NOT FOUND THEN
        LOCK TABLE churn.attachments IN SHARE ROW EXCLUSIVE MODE;
        INSERT INTO churn.attachments (
            attachment_id, profile, profile_key, complaints, complaint_key,
            complaint_time, write_search_path
        )
        SELECT coalesce(max(a.attachment_id), 0) + 1, attach.profile,
               attach.profile_key, attach.complaints, attach.complaint_key,
               attach.complaint_time, attach.write_search_path
        FROM churn.attachments a
        RETURNING * INTO attachment;
    END IF;

    PERFORM churn_internal.grant_schemas(attachment);
    placeholders := churn_internal.attachment_placeholders(attachment);
    PERFORM churn_internal.refresh_attachment(attachment.attachment_id);
    PERFORM churn_internal.create_from_template('attachment_triggers', placeholders);
    PERFORM churn_internal.describe_triggers(attachment);
    PERFORM churn_internal.check_writing(attachment.attachment_id);
    -- One that was attached before takes up its models, so all rows are scored at once.
    EXECUTE format(
        'SELECT churn_internal.write_profiles_%1$s(
            array_agg(p.%2$I::%7$s ORDER BY p.%2$I),
            array_agg(coalesce(n.complaints, 0) ORDER BY p.%2$I),
            array_agg(n.latest ORDER BY p.%2$I)
        )
        FROM %3$s p
        LEFT JOIN (
            SELECT c.%4$I::%8$s AS key, count(*) AS complaints, %5$s AS latest
            FROM %6$s c GROUP BY 1
        ) n ON p.%2$I %9$s n.key
        WHERE n.key IS NOT NULL OR EXISTS (SELECT FROM churn_internal.active_deployment(%1$s))
        HAVING count(*) > 0',
        attachment.attachment_id, profile_key, placeholders ->> 'profile', complaint_key,
        placeholders ->> 'latest_complaint', placeholders ->> 'complaints',
        placeholders ->> 'common_type', placeholders ->> 'common_order',
        placeholders ->> 'equals_common'
    );
    RETURN attachment.attachment_id;
END $body$;
COMMENT ON FUNCTION churn.attach IS
    'Wires up a profile table and its complaints table: output columns, counters, '
    'triggers and churn.score(profile). Returns the attachment''s number.';
