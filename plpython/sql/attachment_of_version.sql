CREATE OR REPLACE FUNCTION churn_internal.attachment_of_version(version bigint) RETURNS integer
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment_id integer;
BEGIN
    SELECT m.attachment_id INTO attachment_id
    FROM churn.models m WHERE m.version = attachment_of_version.version;
    IF NOT FOUND THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('model version %s does not exist',
                             coalesce(version::text, 'null')),
            HINT = 'SELECT version FROM churn.models lists the registered versions.';
    END IF;
    RETURN attachment_id;
END $body$;
COMMENT ON FUNCTION churn_internal.attachment_of_version IS
    'The attachment that a model version was registered for; an error when there is no '
    'such version.';
