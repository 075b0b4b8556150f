CREATE OR REPLACE FUNCTION churn_internal.attachment_of(profile regclass) RETURNS churn.attachments
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments;
BEGIN
    SELECT a.* INTO attachment
    FROM churn.attachments a
    WHERE a.profile = attachment_of.profile AND a.detached_at IS NULL;
    IF NOT FOUND THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('table %s is not attached', coalesce(profile::text, 'null')),
            HINT = 'Call churn.attach(profile, profile_key, complaints, complaint_key).';
    END IF;
    RETURN attachment;
END $body$;
COMMENT ON FUNCTION churn_internal.attachment_of IS
    'The attachment of a profile table; an error when it is not attached.';
GRANT EXECUTE ON FUNCTION churn_internal.attachment_of TO churn_loader, churn_scorer;
