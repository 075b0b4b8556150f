CREATE OR REPLACE FUNCTION churn_internal.create_log_predictions(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM churn_internal.create_from_template(
        'log_predictions',
        churn_internal.attachment_placeholders(attachment) || jsonb_build_object(
            'features', churn_internal.features_as_json(attachment, 'n')
        )
    );
END $body$;
COMMENT ON FUNCTION churn_internal.create_log_predictions IS
    'Writes the function that logs an attachment''s scores.';
