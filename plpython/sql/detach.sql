CREATE OR REPLACE FUNCTION churn.detach(profile regclass)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'tables are detached by a superuser';
    END IF;
    UPDATE churn.attachments a SET detached_at = now(), log_rate = 0
    WHERE a.attachment_id = attachment.attachment_id;
    DELETE FROM churn_internal.pending_profiles m
    WHERE m.attachment_id = attachment.attachment_id;
    DELETE FROM churn_internal.failed_profiles m
    WHERE m.attachment_id = attachment.attachment_id;
    PERFORM churn_internal.abandon_rescoring(attachment.attachment_id);
    PERFORM churn_internal.create_from_template($template$
@drop_triggers@
@drop_optional_functions@
DROP FUNCTION churn_internal.complaints_changed_@id@();
DROP FUNCTION churn_internal.profiles_changed_@id@();
DROP FUNCTION churn_internal.write_profiles_@id@;
DROP FUNCTION churn_internal.read_profiles_@id@;
DROP FUNCTION churn_internal.rescore_profiles_@id@;
DROP FUNCTION churn_internal.verify_profiles_@id@;
DROP FUNCTION churn_internal.repair_profiles_@id@;
DROP FUNCTION churn_internal.marked_profiles_@id@;
DROP FUNCTION churn_internal.forget_profiles_@id@;
DROP FUNCTION churn_internal.work_profiles_@id@;
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
        'profile', churn_internal.table_name(attachment.profile),
        'complaints', churn_internal.table_name(attachment.complaints),
        'drop_triggers', (
            -- Those of partitions go with them.
            SELECT string_agg(
                format('DROP TRIGGER %I ON %s;', t.tgname,
                       churn_internal.table_name(t.tgrelid::regclass)), chr(10)
            )
            FROM pg_catalog.pg_trigger t
            WHERE t.tgrelid IN (attachment.profile, attachment.complaints)
              AND starts_with(t.tgname, format('pgchurn_%s_', attachment.attachment_id))
        ),
        -- There while something asks for them.
        'drop_optional_functions', (
            SELECT coalesce(
                string_agg(format('DROP FUNCTION %s;', f.oid::regprocedure), chr(10)), ''
            )
            FROM pg_catalog.pg_proc f
            WHERE f.pronamespace = 'churn'::regnamespace AND f.proname IN (
                format('log_predictions_%s', attachment.attachment_id),
                format('publish_scores_%s', attachment.attachment_id)
            )
        )
    ));
    PERFORM churn_internal.revoke_from_owner(attachment.profile);
    PERFORM churn_internal.revoke_from_owner(attachment.complaints);
END
$body$;
COMMENT ON FUNCTION churn.detach IS
    'Undoes churn.attach: the table''s own columns and all complaints stay.';
ALTER FUNCTION churn.detach OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.detach FROM PUBLIC;
