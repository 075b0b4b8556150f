CREATE OR REPLACE FUNCTION churn_internal.end_release(
    attachment_id integer, action text, reason text, marks boolean DEFAULT true
) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_variable
DECLARE
    current churn.deployments;
    attachment churn.attachments;
BEGIN
    SELECT d.* INTO current
    FROM churn.deployments d WHERE d.attachment_id = end_release.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
    IF current.challenger IS NULL THEN
        RETURN false;
    END IF;
    INSERT INTO churn.deployments (
        attachment_id, version, artifact_sha256, action, previous_deployment_id, release_id,
        experiment_id, reason
    )
    VALUES (
        current.attachment_id, current.version, current.artifact_sha256, action,
        current.previous_deployment_id, current.release_id, current.experiment_id, reason
    );
    -- Who was scored by the challenger, and nobody else, is scored again, by workers or by
    -- churn.repair. In the order of keys, in which everybody locks: a worker, which takes them
    -- as they come, would else meet those who insert the other way round, since SKIP LOCKED
    -- waits all the same where a row was changed meanwhile.
    IF marks AND (current.share IS NOT NULL OR EXISTS (
        SELECT FROM churn.deployments d
        WHERE d.release_id = current.release_id AND d.share IS NOT NULL
    )) THEN
        SELECT a.* INTO attachment
        FROM churn.attachments a WHERE a.attachment_id = end_release.attachment_id;
        EXECUTE format(
            'INSERT INTO churn_internal.pending_profiles (attachment_id, key)
             SELECT $1, churn_internal.key_text(p.%I) FROM %s p
             WHERE p.churn_model_version = $2 ORDER BY p.%I',
            attachment.profile_key, churn_internal.table_name(attachment.profile),
            attachment.profile_key
        ) USING attachment_id, current.challenger;
    END IF;
    RETURN true;
END $body$;
COMMENT ON FUNCTION churn_internal.end_release IS
    'Has the version in force score all customers again, and marks those whom the other one '
    'has scored; returns whether a release or an experiment was under way. Lock the '
    'deployments before.';
