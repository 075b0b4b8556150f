CREATE OR REPLACE FUNCTION churn_internal.fit_layout(attachment_id integer)
RETURNS churn.attachments
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments;
    fitted churn.attachments;
BEGIN
    -- One at a time, until commit. In a transaction that keeps to a snapshot from before
    -- another version came or went this fails: it would fit the columns without that.
    SELECT a.* INTO attachment
    FROM churn.attachments a
    WHERE a.attachment_id = fit_layout.attachment_id FOR NO KEY UPDATE;
    fitted := churn_internal.with_columns(attachment, ARRAY(
        SELECT unnest(churn_internal.feature_names(m.signature))
        FROM churn.models m
        WHERE m.attachment_id = attachment.attachment_id AND m.deleted_at IS NULL
    ));
    IF fitted IS DISTINCT FROM attachment THEN
        UPDATE churn.attachments a SET
            number_columns = fitted.number_columns, text_columns = fitted.text_columns
        WHERE a.attachment_id = attachment.attachment_id;
    END IF;
    RETURN fitted;
END $body$;
COMMENT ON FUNCTION churn_internal.fit_layout IS
    'Has an attachment carry the features of the versions that there are, and no other '
    'column. Where that is a change, its functions have to be written anew.';
