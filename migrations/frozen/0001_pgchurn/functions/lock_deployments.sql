CREATE OR REPLACE FUNCTION churn_internal.lock_deployments(attachment_id integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- One at a time, so that deployment_id ascends in the order of commits and the
    -- greatest is the latest. Foreign keys into the table are not held up.
    PERFORM FROM churn.attachments a
    WHERE a.attachment_id = lock_deployments.attachment_id
    FOR NO KEY UPDATE;
END $body$;
COMMENT ON FUNCTION churn_internal.lock_deployments IS
    'Serialises activations and rollbacks of one attachment until commit.';
