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
    placeholders CONSTANT jsonb := jsonb_build_object(
        'id', attachment.attachment_id,
        'profile', churn.table_name(attachment.profile),
        'derives', derives
    );
BEGIN
    PERFORM churn.create_from_template($template$
CREATE OR REPLACE TRIGGER pgchurn_@id@_profile_update AFTER UPDATE ON @profile@
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT
    -- What pgchurn itself writes is scored already. The setting alone says nothing:
    -- anybody may SET it.
    WHEN (current_user <> 'churn_owner' OR
          current_setting('churn.writing_at_depth', true)
          IS DISTINCT FROM pg_trigger_depth()::text)
    EXECUTE FUNCTION churn.profiles_changed_@id@();
$template$, placeholders);
    -- Only the table's owner could drop it: where it is of no use any more, it stays
    -- and never fires.
    IF derives OR EXISTS (
        SELECT FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid = attachment.profile
          AND t.tgname = format('pgchurn_%s_profile_derived', attachment.attachment_id)
    ) THEN
        PERFORM churn.create_from_template($template$
CREATE OR REPLACE TRIGGER pgchurn_@id@_profile_derived AFTER UPDATE ON @profile@
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT
    WHEN (@derives@ AND current_user = 'churn_owner' AND
          current_setting('churn.writing_at_depth', true) = pg_trigger_depth()::text)
    EXECUTE FUNCTION churn.profiles_changed_@id@('own');
$template$, placeholders);
    END IF;
END
$body$;
COMMENT ON FUNCTION churn.create_profile_update_trigger IS
    'Creates the triggers that score updated profiles, fitted to what else the table does.';
ALTER FUNCTION churn.create_profile_update_trigger OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.create_profile_update_trigger FROM PUBLIC;
