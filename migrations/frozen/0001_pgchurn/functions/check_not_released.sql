CREATE OR REPLACE FUNCTION churn_internal.check_not_released(
    attachment_id integer, refused text, version bigint DEFAULT NULL,
    experiments boolean DEFAULT true
) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    current churn.deployments;
    profile text;
BEGIN
    SELECT d.* INTO current
    FROM churn.deployments d WHERE d.attachment_id = check_not_released.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
    IF current.challenger IS NULL OR current.challenger <> version
       OR (current.action = 'experiment' AND NOT experiments)
    THEN
        RETURN;
    END IF;
    SELECT a.profile::text INTO profile
    FROM churn.attachments a WHERE a.attachment_id = check_not_released.attachment_id;
    RAISE object_in_use USING
        MESSAGE = CASE
            WHEN version IS NULL THEN format('%s %s', profile, refused)
            ELSE format('model version %s %s', version, refused)
        END,
        DETAIL = format(
            CASE current.action
                WHEN 'experiment' THEN 'An experiment with model version %s is under way.'
                ELSE 'A release of model version %s is under way.'
            END, current.challenger
        ),
        HINT = format(
            CASE current.action
                WHEN 'experiment' THEN 'Call churn.stop_experiment(%L) first.'
                ELSE 'Call churn.cancel_release(%L) first.'
            END, profile
        );
END $body$;
COMMENT ON FUNCTION churn_internal.check_not_released IS
    'An error while a release of an attachment, or an experiment on it, is under way, or one '
    'with this version.';
