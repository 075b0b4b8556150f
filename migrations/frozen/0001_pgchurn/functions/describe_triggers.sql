CREATE OR REPLACE FUNCTION churn_internal.describe_triggers(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    described record;
BEGIN
    -- Nobody but the table's owner may.
    FOR described IN
        SELECT t.tgname, d.description
        FROM (VALUES
            ('log', 'Appends the scores that pgchurn stores to churn.predictions.'),
            ('downstream', 'Tells consumers of the scores that were stored.'),
            ('change_update_begin', 'Has complaints counted when the UPDATE ends.'),
            ('change_update_end', 'Counts complaints that changed during an UPDATE.'),
            ('change_delete_begin', 'Has complaints counted when the DELETE ends.'),
            ('change_delete_end', 'Counts complaints that changed during a DELETE.')
        ) d (suffix, description)
        JOIN pg_catalog.pg_trigger t ON t.tgrelid = attachment.profile
            AND t.tgname = format('pgchurn_%s_%s', attachment.attachment_id, d.suffix)
        JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid AND pg_has_role(c.relowner, 'USAGE')
        WHERE obj_description(t.oid, 'pg_trigger') IS NULL
    LOOP
        EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', described.tgname,
                       churn_internal.table_name(attachment.profile), described.description);
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.describe_triggers IS
    'Comments on the triggers of a profile that come and go, where whoever calls it may.';
