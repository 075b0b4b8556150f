CREATE OR REPLACE FUNCTION churn.create_profile_update_trigger(
    attachment churn.attachments
)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    -- Whether a write of the counter may change features in turn.
    derives CONSTANT boolean := EXISTS (
        SELECT FROM pg_catalog.pg_attribute c
        WHERE c.attrelid = attachment.profile AND c.attgenerated <> ''
          AND NOT c.attisdropped
    ) OR EXISTS (
        -- Bits of tgtype, see TRIGGER_TYPE_* in pg_trigger.h: for each row, before,
        -- update.
        SELECT FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid = attachment.profile AND NOT t.tgisinternal
          AND t.tgtype & 19 = 19
    );
BEGIN
    PERFORM churn.create_from_template($template$
CREATE OR REPLACE TRIGGER pgchurn_@id@_profile_update AFTER UPDATE ON @profile@
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT @condition@
    EXECUTE FUNCTION churn.profiles_changed_@id@();
$template$, jsonb_build_object(
        'id', attachment.attachment_id,
        'profile', churn.table_name(attachment.profile),
        -- What pgchurn itself writes is scored already.
        'condition', CASE WHEN derives THEN '' ELSE
            'WHEN (current_user <> ''churn_owner'' OR '
            'current_setting(''churn.writing_at_depth'', true) '
            'IS DISTINCT FROM pg_trigger_depth()::text)'
        END
    ));
END
$body$;
COMMENT ON FUNCTION churn.create_profile_update_trigger IS
    'Creates the trigger that scores updated profiles, fitted to what else the table does.';
ALTER FUNCTION churn.create_profile_update_trigger OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.create_profile_update_trigger FROM PUBLIC;
