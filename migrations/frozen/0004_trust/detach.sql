CREATE OR REPLACE FUNCTION churn.detach(profile regclass)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    attachment churn.attachments := churn.attachment_of(profile);
    derived CONSTANT name := format('pgchurn_%s_profile_derived', attachment.attachment_id);
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'tables are detached by a superuser';
    END IF;
    UPDATE churn.attachments a SET detached_at = now()
    WHERE a.attachment_id = attachment.attachment_id;
    DELETE FROM churn.rescoring_marks m
    WHERE m.attachment_id = attachment.attachment_id;
    PERFORM churn.create_from_template($template$
DROP TRIGGER pgchurn_@id@_insert ON @complaints@;
DROP TRIGGER pgchurn_@id@_update ON @complaints@;
DROP TRIGGER pgchurn_@id@_delete ON @complaints@;
DROP TRIGGER pgchurn_@id@_truncate ON @complaints@;
DROP TRIGGER pgchurn_@id@_profile_insert ON @profile@;
DROP TRIGGER pgchurn_@id@_profile_update ON @profile@;
@drop_derived@
DROP FUNCTION churn.complaints_changed_@id@();
DROP FUNCTION churn.profiles_changed_@id@();
DROP FUNCTION churn.write_profiles_@id@;
DROP FUNCTION churn.read_profiles_@id@;
DROP FUNCTION churn.rescore_profiles_@id@;
DROP FUNCTION churn.verify_profiles_@id@;
DROP FUNCTION churn.repair_profiles_@id@;
DROP FUNCTION churn.marked_profiles_@id@;
DROP FUNCTION churn.score_many(@profile@[]);
DROP FUNCTION churn.score(@profile@);
ALTER TABLE @profile@
    DROP COLUMN complaint_count,
    DROP COLUMN last_complaint_at,
    DROP COLUMN churn_score,
    DROP COLUMN churn_model_version,
    DROP COLUMN churn_scored_at;
$template$, jsonb_build_object(
        'id', attachment.attachment_id,
        'profile', churn.table_name(attachment.profile),
        'complaints', churn.table_name(attachment.complaints),
        'drop_derived', CASE WHEN EXISTS (
            SELECT FROM pg_catalog.pg_trigger t
            WHERE t.tgrelid = attachment.profile AND t.tgname = derived
        ) THEN format('DROP TRIGGER %I ON %s;', derived,
                      churn.table_name(attachment.profile)) ELSE '' END
    ));
    PERFORM churn.revoke_from_owner(attachment.profile);
    PERFORM churn.revoke_from_owner(attachment.complaints);
END
$body$;
COMMENT ON FUNCTION churn.detach IS
    'Undoes churn.attach: the table''s own columns and all complaints stay.';
ALTER FUNCTION churn.detach OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.detach FROM PUBLIC;
