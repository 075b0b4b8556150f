CREATE OR REPLACE FUNCTION churn_internal.check_writing(
    attachment_id integer, OUT reason text, OUT version bigint, OUT changed text[]
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments;
    written boolean;
BEGIN
    SELECT a.* INTO attachment
    FROM churn.attachments a
    WHERE a.attachment_id = check_writing.attachment_id AND a.detached_at IS NULL AND a.guarded;
    SELECT d.version, w.changed, w.written INTO version, changed, written
    FROM churn_internal.active_deployment(attachment.attachment_id) d
    JOIN churn.models m ON m.version = d.version
    CROSS JOIN LATERAL churn_internal.changed_by_writing(
        attachment, churn_internal.feature_names(m.signature)
    ) w;
    -- Not again what was written, where the version would score the row in turn for what has
    -- changed.
    IF (cardinality(changed) > 0 AND written) IS NOT TRUE THEN
        reason := churn_internal.try_write(attachment.attachment_id);
    END IF;
    IF reason IS NULL THEN
        PERFORM churn_internal.warn_of_changed_features(version, attachment.profile, changed);
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_writing IS
    'Warns where a profile with triggers and the like of others cannot be written, or else '
    'where its version reads what changes by that; returns the reason, the version and those '
    'columns.';
