CREATE OR REPLACE FUNCTION churn.attach(
    profile regclass, profile_key name, complaints regclass, complaint_key name,
    complaint_time name DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments;
    common_type oid;
BEGIN
    PERFORM churn_internal.check_attachable(
        profile, profile_key, complaints, complaint_key, complaint_time
    );

    -- A table that was attached before takes up its models and their history again.
    UPDATE churn.attachments a SET
        profile_key = attach.profile_key, complaints = attach.complaints,
        complaint_key = attach.complaint_key, complaint_time = attach.complaint_time,
        attached_by = session_user, attached_at = now(), detached_at = NULL,
        profile_name = NULL, complaints_name = NULL
    WHERE a.attachment_id = (
        SELECT max(d.attachment_id) FROM churn.attachments d
        WHERE d.profile = attach.profile AND d.dropped_at IS NULL
    )
    RETURNING a.* INTO attachment;
    IF NOT FOUND THEN
        LOCK TABLE churn.attachments IN SHARE ROW EXCLUSIVE MODE;
        INSERT INTO churn.attachments (
            attachment_id, profile, profile_key, complaints, complaint_key,
            complaint_time
        )
        SELECT coalesce(max(a.attachment_id), 0) + 1, attach.profile,
               attach.profile_key, attach.complaints, attach.complaint_key,
               attach.complaint_time
        FROM churn.attachments a
        RETURNING * INTO attachment;
    END IF;

    PERFORM churn_internal.grant_schemas(attachment);
    PERFORM churn_internal.create_from_template(
        'attached_columns', churn_internal.attachment_placeholders(attachment)
    );
    PERFORM churn_internal.refresh_attachment(attachment.attachment_id);
    PERFORM churn_internal.create_from_template(
        'attachment_triggers', churn_internal.attachment_placeholders(attachment)
    );
    -- One that was attached before takes up its models, so it is scored at once.
    IF EXISTS (SELECT FROM churn_internal.active_deployment(attachment.attachment_id)) THEN
        SELECT k.common_type INTO common_type
        FROM churn_internal.key_comparison(profile, profile_key, complaints, complaint_key) k;
        EXECUTE format(
            'SELECT churn_internal.write_profiles_%1$s(
                array_agg(p.%3$I::%4$s ORDER BY p.%3$I),
                array_fill(0::bigint, ARRAY[count(*)::integer]), NULL
            )
            FROM %2$s p HAVING count(*) > 0',
            attachment.attachment_id, churn_internal.table_name(profile), profile_key,
            churn_internal.type_name(common_type)
        );
    END IF;
    RETURN attachment.attachment_id;
END $body$;
COMMENT ON FUNCTION churn.attach IS
    'Wires up a profile table and its complaints table: output columns, counters, '
    'triggers and churn.score(profile). Returns the attachment''s number.';
