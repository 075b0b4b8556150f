CREATE OR REPLACE FUNCTION churn_internal.unneeded_snapshots(profile regclass)
RETURNS SETOF bigint
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
BEGIN
    RETURN QUERY
    SELECT m.version
    FROM churn.models m
    WHERE m.attachment_id = attachment.attachment_id AND m.deleted_at IS NULL
      AND m.version IN (
        SELECT b.version
        FROM churn_internal.learned_batches b
        JOIN churn_internal.learning_streams s USING (stream_id)
        WHERE s.attachment_id = attachment.attachment_id
      )
      -- A later one knows more.
      AND EXISTS (
        SELECT FROM churn_internal.learned_batches b
        JOIN churn_internal.learning_streams s USING (stream_id)
        WHERE s.attachment_id = attachment.attachment_id AND b.version > m.version
      )
      AND NOT EXISTS (
        SELECT FROM churn_internal.learning_streams s
        WHERE s.base_version = m.version AND s.ended_at IS NULL
      )
      AND NOT EXISTS (
        SELECT FROM churn.deployments d WHERE m.version IN (d.version, d.challenger)
      )
      AND NOT EXISTS (
        SELECT FROM churn.outbox o WHERE m.version IN (o.version, o.former_version)
      )
      AND NOT EXISTS (
        SELECT FROM churn.predictions p
        WHERE p.version = m.version AND p.predicted_at >= m.registered_at
      )
    ORDER BY m.version;
END $body$;
COMMENT ON FUNCTION churn_internal.unneeded_snapshots IS
    'Versions that pgchurn learn has registered, that a later one has followed, and that never '
    'scored anybody.';
GRANT EXECUTE ON FUNCTION churn_internal.unneeded_snapshots TO churn_loader;
