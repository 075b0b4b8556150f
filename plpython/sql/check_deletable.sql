CREATE OR REPLACE FUNCTION churn_internal.check_deletable(
    attachment churn.attachments, version bigint
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    profile CONSTANT text := coalesce(
        attachment.profile_name, churn_internal.table_name(attachment.profile)
    );
    active bigint;
    previous bigint;
    carried bigint;
BEGIN
    -- Nobody scores a table that was dropped, and no other one takes up its models.
    IF attachment.dropped_at IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT d.version, p.version INTO active, previous
    FROM churn.deployments d
    LEFT JOIN churn.deployments p ON p.deployment_id = d.previous_deployment_id
    WHERE d.attachment_id = attachment.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
    IF active = version THEN
        RAISE object_in_use USING
            MESSAGE = format('model version %s is active', version),
            DETAIL = CASE
                WHEN attachment.detached_at IS NULL THEN format('It scores %s.', profile)
                ELSE format('It scores %s as soon as that is attached again.', profile)
            END,
            HINT = 'Call churn.activate_model with another version first.';
    END IF;
    PERFORM churn_internal.check_not_released(
        attachment.attachment_id, 'is not deleted', version
    );
    IF previous = version THEN
        RAISE object_in_use USING
            MESSAGE = format('model version %s is the one to go back to', version),
            DETAIL = format('churn.rollback_model(%L) puts it in force again.', profile),
            HINT = 'Call churn.activate_model with another version first: what is active '
                   'now is then the one to go back to.';
    END IF;
    IF attachment.detached_at IS NOT NULL THEN
        RETURN;
    END IF;
    IF EXISTS (
        SELECT FROM churn_internal.learning_streams s
        WHERE s.base_version = check_deletable.version AND s.ended_at IS NULL
    ) THEN
        RAISE object_in_use USING
            MESSAGE = format('model version %s is the one that learning started from', version),
            DETAIL = 'What is learned is this version with other weights.',
            HINT = format('Call churn.set_learning(%L, NULL) first.', profile);
    END IF;

    IF EXISTS (
        SELECT FROM churn.deployments d
        WHERE check_deletable.version IN (d.version, d.challenger)
    ) THEN
        PERFORM churn_internal.wait_for_writers(attachment);
    END IF;
    EXECUTE format(
        'SELECT count(*) FROM %s p WHERE p.churn_model_version = $1', profile
    ) INTO carried USING version;
    IF carried > 0 THEN
        RAISE object_in_use USING
            MESSAGE = format('scores of %s are of model version %s', profile, version),
            DETAIL = format('%s %s it.', carried,
                            CASE WHEN carried = 1 THEN 'row names' ELSE 'rows name' END),
            HINT = format('CALL churn.rescore(%L) first.', profile);
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_deletable IS
    'An error when a version scores, when churn.rollback_model goes back to it, or when '
    'stored scores are of it.';
