CREATE OR REPLACE FUNCTION churn_internal.fit_functions(attachment churn.attachments) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    former churn.attachments;
    fitted churn.attachments;
BEGIN
    -- Before the attachment is locked: ALTER TABLE, which locks it after its table, would
    -- wait for this as this would for that.
    EXECUTE format(
        'LOCK TABLE %s IN ACCESS SHARE MODE', churn_internal.table_name(attachment.profile)
    );
    PERFORM churn_internal.lock_deployments(attachment.attachment_id);
    SELECT a.* INTO former
    FROM churn.attachments a WHERE a.attachment_id = attachment.attachment_id;
    fitted := churn_internal.fit_layout(attachment.attachment_id);
    IF fitted IS DISTINCT FROM former THEN
        PERFORM churn_internal.create_attachment_functions(fitted);
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.fit_functions IS
    'Has an attachment''s functions carry the features of the versions that there are, '
    'after one came or went.';
