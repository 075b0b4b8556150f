CREATE OR REPLACE FUNCTION churn_internal.check_comparable(
    attachment churn.attachments, version bigint, since timestamptz
) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    model record;
    trained_until timestamptz;
BEGIN
    SELECT m.attachment_id, m.provenance, churn_internal.table_name(a.profile) AS profile
    INTO model
    FROM churn.models m JOIN churn.attachments a USING (attachment_id)
    WHERE m.version = check_comparable.version;
    IF NOT FOUND THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('model version %s does not exist', coalesce(version::text, 'null')),
            HINT = 'SELECT version FROM churn.models lists the registered versions.';
    ELSIF model.attachment_id <> attachment.attachment_id THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('model version %s is not for %s', version,
                             churn_internal.table_name(attachment.profile)),
            DETAIL = format('It is for %s.', model.profile),
            HINT = 'Name two versions for the same table: pgchurn models lists them.';
    END IF;
    trained_until := churn_internal.trained_until(model.provenance);
    IF trained_until IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('model version %s does not say until when what it was trained on '
                             'was known', version),
            DETAIL = format('It may have been trained on what became of the customers since '
                            '%s, on whom it would be compared.', since),
            HINT = 'Register the model again with trained_until in its provenance: pgchurn '
                   'register FILE --trained-until TIME.';
    ELSIF trained_until >= since THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('model version %s was trained on what was known until %s, which '
                             'is not before %s', version, trained_until, since),
            DETAIL = 'It may know already what became of the customers on whom it would be '
                     'compared.',
            HINT = format('Pass a later time than %s as since.', trained_until);
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_comparable IS
    'An error where a version cannot be compared on predictions from a time on: one for '
    'another table, or one that may have been trained on what became known later.';
GRANT EXECUTE ON FUNCTION churn_internal.check_comparable TO churn_loader, churn_scorer;
