CREATE OR REPLACE FUNCTION churn.attach(
    profile regclass, profile_key name, complaints regclass, complaint_key name,
    complaint_time name DEFAULT NULL
)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    attachment churn.attachments;
    placeholders jsonb;
BEGIN
    PERFORM churn_internal.check_attachable(
        profile, profile_key, complaints, complaint_key, complaint_time
    );

    -- A table that was attached before takes up its models and their history again.
    UPDATE churn.attachments a SET
        profile_key = attach.profile_key, complaints = attach.complaints,
        complaint_key = attach.complaint_key, complaint_time = attach.complaint_time,
        attached_by = session_user, attached_at = now(), detached_at = NULL
    WHERE a.attachment_id = (
        SELECT max(d.attachment_id) FROM churn.attachments d
        WHERE d.profile = attach.profile
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

    placeholders := jsonb_build_object(
        'profile', churn_internal.table_name(profile),
        'key', quote_ident(profile_key),
        'complaints', churn_internal.table_name(complaints),
        'complaint_key', quote_ident(complaint_key),
        'latest', coalesce('max(' || churn_internal.complaint_time(attachment) || ')',
                           'NULL::timestamptz'),
        'profile_schema', (
            SELECT quote_ident(n.nspname) FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = profile
        ),
        'complaints_schema', (
            SELECT quote_ident(n.nspname) FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = complaints
        )
    );
    PERFORM churn_internal.create_from_template($template$
-- Until commit nobody writes: no complaint slips in between the count and the triggers.
LOCK TABLE @profile@, @complaints@ IN SHARE ROW EXCLUSIVE MODE;
-- The owner of the trigger functions reads both tables and writes its own columns; its
-- trigger for updates is fitted to the table's other triggers.
GRANT USAGE ON SCHEMA @profile_schema@, @complaints_schema@ TO churn_owner;
GRANT SELECT ON @profile@, @complaints@ TO churn_owner;
GRANT TRIGGER ON @profile@ TO churn_owner;
ALTER TABLE @profile@
    ADD COLUMN complaint_count integer NOT NULL DEFAULT 0,
    ADD COLUMN last_complaint_at timestamptz,
    ADD COLUMN churn_score double precision,
    ADD COLUMN churn_model_version bigint,
    ADD COLUMN churn_scored_at timestamptz;
GRANT UPDATE (
    complaint_count, last_complaint_at, churn_score, churn_model_version,
    churn_scored_at
) ON @profile@ TO churn_owner;
COMMENT ON COLUMN @profile@.complaint_count IS
    'How many complaints the customer has made. Kept by pgchurn.';
COMMENT ON COLUMN @profile@.last_complaint_at IS
    'When the customer last complained. Kept by pgchurn.';
COMMENT ON COLUMN @profile@.churn_score IS
    'Probability of churn, 0 to 1; null: never scored. Kept by pgchurn.';
COMMENT ON COLUMN @profile@.churn_model_version IS
    'The version in churn.models that gave the score. Kept by pgchurn.';
COMMENT ON COLUMN @profile@.churn_scored_at IS
    'When the score was given. Kept by pgchurn.';
UPDATE @profile@ p SET
    complaint_count = n.complaints, last_complaint_at = n.latest
FROM (
    SELECT c.@complaint_key@ AS key, count(*) AS complaints, @latest@ AS latest
    FROM @complaints@ c
    GROUP BY 1
) n
WHERE p.@key@ = n.key;
$template$, placeholders);
    PERFORM churn_internal.refresh_attachment(attachment.attachment_id);
    PERFORM churn_internal.create_attachment_triggers(attachment);
    -- One that was attached before takes up its models, so it is scored at once.
    IF EXISTS (SELECT FROM churn_internal.active_deployment(attachment.attachment_id)) THEN
        PERFORM churn_internal.create_from_template($template$
SELECT churn_internal.write_profiles_@id@(
    array_agg(p.@key@ ORDER BY p.@key@), array_fill(0::bigint, ARRAY[count(*)::integer]),
    NULL
)
FROM @profile@ p HAVING count(*) > 0;
$template$, placeholders || jsonb_build_object('id', attachment.attachment_id));
    END IF;
    RETURN attachment.attachment_id;
END
$body$;
COMMENT ON FUNCTION churn.attach IS
    'Wires up a profile table and its complaints table: output columns, counters, '
    'triggers and churn.score(profile). Returns the attachment''s number.';
ALTER FUNCTION churn.attach OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.attach FROM PUBLIC;
