CREATE OR REPLACE FUNCTION churn_internal.end_releases_of_key(fingerprint text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    released record;
BEGIN
    FOR released IN
        SELECT a.attachment_id, d.challenger, m.version
        FROM churn.attachments a
        CROSS JOIN LATERAL (
            SELECT l.* FROM churn.deployments l
            WHERE l.attachment_id = a.attachment_id
            ORDER BY l.deployment_id DESC LIMIT 1
        ) d
        -- Without its champion there is nothing to compare with in an experiment.
        JOIN churn.models m
            ON m.version = d.challenger OR (d.action = 'experiment' AND m.version = d.version)
        WHERE a.detached_at IS NULL AND d.challenger IS NOT NULL
          AND m.attestation_key = fingerprint
        ORDER BY a.attachment_id
    LOOP
        PERFORM churn_internal.lock_deployments(released.attachment_id);
        PERFORM churn_internal.end_release(
            d.attachment_id, 'cancel',
            format('the key %s, which signed version %s, was revoked', fingerprint,
                   released.version)
        )
        FROM churn.deployments d
        WHERE d.attachment_id = released.attachment_id AND d.challenger = released.challenger
          AND d.deployment_id = (
            SELECT max(l.deployment_id) FROM churn.deployments l
            WHERE l.attachment_id = released.attachment_id
        );
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.end_releases_of_key IS
    'Ends the releases of versions that a key has signed, and experiments with them.';
