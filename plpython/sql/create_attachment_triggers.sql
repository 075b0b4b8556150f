CREATE OR REPLACE FUNCTION churn_internal.create_attachment_triggers(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    placeholders jsonb := jsonb_build_object(
        'id', attachment.attachment_id,
        'profile', churn_internal.table_name(attachment.profile),
        'complaints', churn_internal.table_name(attachment.complaints)
    );
BEGIN
    -- A trigger with transition tables serves one event.
    PERFORM churn_internal.create_from_template($template$
CREATE TRIGGER pgchurn_@id@_insert AFTER INSERT ON @complaints@
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.complaints_changed_@id@();
CREATE TRIGGER pgchurn_@id@_update AFTER UPDATE ON @complaints@
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.complaints_changed_@id@();
CREATE TRIGGER pgchurn_@id@_delete AFTER DELETE ON @complaints@
    REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.complaints_changed_@id@();
CREATE TRIGGER pgchurn_@id@_truncate AFTER TRUNCATE ON @complaints@
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.complaints_changed_@id@();
CREATE TRIGGER pgchurn_@id@_profile_insert AFTER INSERT ON @profile@
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION churn_internal.profiles_changed_@id@();
COMMENT ON TRIGGER pgchurn_@id@_insert ON @complaints@ IS
    'Counts new complaints and scores their customers.';
COMMENT ON TRIGGER pgchurn_@id@_update ON @complaints@ IS
    'Counts moved complaints anew and scores their customers.';
COMMENT ON TRIGGER pgchurn_@id@_delete ON @complaints@ IS
    'Counts anew after complaints were deleted and scores their customers.';
COMMENT ON TRIGGER pgchurn_@id@_truncate ON @complaints@ IS
    'Sets counters back and scores all customers who had complaints.';
COMMENT ON TRIGGER pgchurn_@id@_profile_insert ON @profile@ IS
    'Counts the complaints of new profiles and scores them.';
COMMENT ON TRIGGER pgchurn_@id@_profile_update ON @profile@ IS
    'Scores profiles whose features changed.';
$template$, placeholders);
END
$body$;
COMMENT ON FUNCTION churn_internal.create_attachment_triggers IS
    'Creates the triggers of an attachment that never need fitting to its tables.';
ALTER FUNCTION churn_internal.create_attachment_triggers OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.create_attachment_triggers FROM PUBLIC;
