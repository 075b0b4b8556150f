CREATE OR REPLACE FUNCTION churn_internal.mend_attachment(attachment_id integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments;
    placeholders jsonb;
    profile text;
    disabled record;
BEGIN
    SELECT a.* INTO attachment FROM churn.attachments a
    WHERE a.attachment_id = mend_attachment.attachment_id;
    placeholders := churn_internal.attachment_placeholders(attachment);
    profile := churn_internal.table_name(attachment.profile);
    -- As churn.attach and the template attached_columns grant them.
    PERFORM churn_internal.grant_schemas(attachment);
    EXECUTE format('GRANT SELECT ON %s, %s TO churn_owner', profile,
                   churn_internal.table_name(attachment.complaints));
    EXECUTE format('GRANT TRIGGER ON %s TO churn_owner', profile);
    EXECUTE format(
        'GRANT UPDATE (complaint_count, last_complaint_at, churn_score, churn_model_version,'
        ' churn_scored_at) ON %s TO churn_owner', profile
    );
    PERFORM churn_internal.refresh_attachment(attachment_id);
    PERFORM churn_internal.create_from_template('attachment_triggers', placeholders);
    PERFORM churn_internal.describe_triggers(attachment);
    FOR disabled IN
        SELECT t.tgname, churn_internal.table_name(t.tgrelid) AS relation
        FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid IN (attachment.profile, attachment.complaints)
          AND t.tgenabled NOT IN ('O', 'A')
          AND starts_with(t.tgname, format('pgchurn_%s_', attachment.attachment_id))
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER %I', disabled.relation, disabled.tgname);
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.mend_attachment IS
    'Gives an attachment the rights, functions and triggers that churn.attach gave it.';
