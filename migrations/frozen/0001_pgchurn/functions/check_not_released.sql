CREATE OR REPLACE FUNCTION churn_internal.check_not_released(
    attachment_id integer, refused text, version bigint DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    challenger bigint := (
        SELECT d.challenger
        FROM churn_internal.active_deployment(check_not_released.attachment_id) d
    );
    profile text;
BEGIN
    IF challenger IS NULL OR challenger <> version THEN
        RETURN;
    END IF;
    SELECT a.profile::text INTO profile
    FROM churn.attachments a WHERE a.attachment_id = check_not_released.attachment_id;
    RAISE object_in_use USING
        MESSAGE = CASE
            WHEN version IS NULL THEN format('%s %s', profile, refused)
            ELSE format('model version %s %s', version, refused)
        END,
        DETAIL = format('A release of model version %s is under way.', challenger),
        HINT = format('Call churn.cancel_release(%L) first.', profile);
END $body$;
COMMENT ON FUNCTION churn_internal.check_not_released IS
    'An error while a release of an attachment is under way, or one of this version.';
