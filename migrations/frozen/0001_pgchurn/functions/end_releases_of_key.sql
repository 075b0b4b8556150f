CREATE OR REPLACE FUNCTION churn_internal.end_releases_of_key(fingerprint text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    released record;
BEGIN
    FOR released IN
        SELECT a.attachment_id, m.version
        FROM churn.attachments a
        CROSS JOIN churn_internal.active_deployment(a.attachment_id) d
        JOIN churn.models m ON m.version = d.challenger
        WHERE a.detached_at IS NULL AND m.attestation_key = fingerprint
        ORDER BY a.attachment_id
    LOOP
        PERFORM churn_internal.lock_deployments(released.attachment_id);
        PERFORM churn_internal.end_release(
            d.attachment_id, 'cancel',
            format('the key %s, which signed version %s, was revoked', fingerprint, d.challenger)
        )
        FROM churn.deployments d
        WHERE d.attachment_id = released.attachment_id AND d.challenger = released.version
          AND d.deployment_id = (
            SELECT max(l.deployment_id) FROM churn.deployments l
            WHERE l.attachment_id = released.attachment_id
        );
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.end_releases_of_key IS
    'Ends the releases of versions that a key has signed.';
