CREATE OR REPLACE FUNCTION churn_internal.fit_profile_triggers(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- What pgchurn itself writes is scored already. The condition is read, planned and
    -- checked in every statement of its own as well, so it is the shortest that tells
    -- its writes from others': one with a setting and the depth of triggers made up a
    -- tenth of a single INSERT. And a setting says nothing: anybody may SET it. Where
    -- pgchurn writes as the table's owner, the function asks.
    -- A trigger is not replaced by its like, and one that somebody disabled not at all:
    -- that would enable it.
    PERFORM churn_internal.create_from_template(
        w.template, churn_internal.attachment_placeholders(attachment)
    )
    FROM (VALUES
        ('profile_update_trigger'::name, 'profile_update', true,
         'CURRENT_USER <> ''churn_owner''::text'),
        ('log_trigger', 'log', attachment.log_rate > 0, 'CURRENT_USER = ''churn_owner''::text')
    ) w (template, suffix, wanted, told)
    LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = attachment.profile
        AND t.tgname = format('pgchurn_%s_%s', attachment.attachment_id, w.suffix)
    WHERE w.wanted AND t.tgenabled IS DISTINCT FROM 'D' AND position(
        format(' WHEN (%s) ', CASE WHEN attachment.guarded THEN 'true' ELSE '(' || w.told || ')' END)
        IN coalesce(pg_get_triggerdef(t.oid), '')
    ) = 0;
END $body$;
COMMENT ON FUNCTION churn_internal.fit_profile_triggers IS
    'Creates the triggers that score updated profiles and log scores, fitted to who writes.';
