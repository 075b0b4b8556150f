CREATE OR REPLACE FUNCTION churn_internal.read_batches(stream_id bigint)
RETURNS TABLE (
    batch integer, decision text, until timestamptz, last_digest text,
    known_until timestamptz, n integer, left_out integer, log_loss double precision,
    mean_score double precision, churned integer, rows_sha256 bytea, state_sha256 bytea,
    has_state boolean, version bigint, artifact_sha256 bytea
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT b.position, b.decision, b.until, b.last_digest, b.known_until, b.n, b.left_out,
           b.log_loss, b.mean_score, b.churned, b.rows_sha256, b.state_sha256,
           b.state IS NOT NULL, b.version, b.artifact_sha256
    FROM churn_internal.learned_batches b
    WHERE b.stream_id = read_batches.stream_id ORDER BY b.position;
END $body$;
COMMENT ON FUNCTION churn_internal.read_batches IS
    'What became of the batches of a stream, with the digests that pgchurn learn --replay '
    'compares.';
GRANT EXECUTE ON FUNCTION churn_internal.read_batches TO churn_loader;
