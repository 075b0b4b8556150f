CREATE OR REPLACE FUNCTION churn_internal.create_profile_update_trigger(
    attachment churn.attachments
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    -- Whether features may change in the name of churn_owner: in a generated column, by
    -- a trigger that a write of pgchurn's fires, or by a foreign key of churn.customers,
    -- which writes as the table's owner.
    derives CONSTANT boolean := EXISTS (
        SELECT FROM pg_catalog.pg_attribute c
        WHERE c.attrelid = attachment.profile AND c.attgenerated <> ''
          AND NOT c.attisdropped
    ) OR EXISTS (
        -- The bit of tgtype for UPDATE, see TRIGGER_TYPE_UPDATE in pg_trigger.h.
        SELECT FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid = attachment.profile AND NOT t.tgisinternal
          AND t.tgtype & 16 <> 0 AND t.tgname NOT LIKE 'pgchurn\_%'
    ) OR EXISTS (
        SELECT FROM pg_catalog.pg_constraint k
        WHERE k.conrelid = attachment.profile AND k.contype = 'f'
          AND (k.confupdtype IN ('c', 'n', 'd') OR k.confdeltype IN ('n', 'd'))
    );
    placeholders CONSTANT jsonb := jsonb_build_object(
        'id', attachment.attachment_id,
        'profile', churn_internal.table_name(attachment.profile),
        'derives', derives
    );
    stands boolean;
BEGIN
    -- A trigger is not replaced by its like: that would enable what somebody disabled.
    stands := EXISTS (
        SELECT FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid = attachment.profile
          AND t.tgname = format('pgchurn_%s_profile_update', attachment.attachment_id)
          AND pg_get_triggerdef(t.oid)
              LIKE '% WHEN ((CURRENT_USER <> ''churn_owner''::text)) %'
    );
    -- What pgchurn itself writes is scored already. The condition is read, planned and
    -- checked in every statement of its own as well, so it is the shortest that tells
    -- its writes from others': one with a setting and the depth of triggers made up a
    -- tenth of a single INSERT. And a setting says nothing: anybody may SET it.
    IF NOT stands THEN
        PERFORM churn_internal.create_from_template('profile_update_trigger', placeholders);
    END IF;
    -- Only the table's owner could drop it: where it is of no use any more, it stays
    -- and never fires.
    IF derives OR EXISTS (
        SELECT FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid = attachment.profile
          AND t.tgname = format('pgchurn_%s_profile_derived', attachment.attachment_id)
    ) THEN
        PERFORM churn_internal.create_from_template('profile_derived_trigger', placeholders);
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.create_profile_update_trigger IS
    'Creates the triggers that score updated profiles, fitted to what else the table does.';
