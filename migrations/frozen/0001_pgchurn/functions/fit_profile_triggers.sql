CREATE OR REPLACE FUNCTION churn_internal.fit_profile_triggers(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    placeholders CONSTANT jsonb := churn_internal.attachment_placeholders(attachment);
BEGIN
    -- What pgchurn itself writes is scored already. The condition is read, planned and
    -- checked in every statement of its own as well, so it is the shortest that tells
    -- its writes from others': one with a setting and the depth of triggers made up a
    -- tenth of a single INSERT. And a setting says nothing: anybody may SET it. Where
    -- pgchurn writes as the table's owner, the function asks.
    -- A trigger is not replaced by its like, and one that somebody disabled not at all:
    -- that would enable it. Only the table's owner could drop one: where it is of no use any
    -- more, it stays and never fires.
    PERFORM churn_internal.create_from_template(w.template, placeholders)
    FROM (VALUES
        ('profile_update_trigger'::name, 'profile_update', true, CASE
            WHEN attachment.guarded THEN 'true' ELSE '(CURRENT_USER <> ''churn_owner''::text)'
        END),
        ('log_trigger', 'log', attachment.guarded AND attachment.log_rate > 0,
         attachment.guarded::text),
        ('change_update_triggers', 'change_update_end',
         (placeholders ->> 'changes_before_update')::boolean,
         placeholders ->> 'changes_before_update'),
        ('change_delete_triggers', 'change_delete_end',
         (placeholders ->> 'changes_before_delete')::boolean,
         placeholders ->> 'changes_before_delete')
    ) w (template, suffix, wanted, condition)
    LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = attachment.profile
        AND t.tgname = format('pgchurn_%s_%s', attachment.attachment_id, w.suffix)
    WHERE (w.wanted OR t.oid IS NOT NULL) AND t.tgenabled IS DISTINCT FROM 'D' AND position(
        format(' WHEN (%s) ', w.condition) IN coalesce(pg_get_triggerdef(t.oid), '')
    ) = 0;
    PERFORM churn_internal.describe_triggers(attachment);
END $body$;
COMMENT ON FUNCTION churn_internal.fit_profile_triggers IS
    'Creates the triggers that score updated profiles, log scores and count late, fitted to '
    'who writes and what others have put on the table.';
