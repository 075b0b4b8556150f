CREATE OR REPLACE FUNCTION churn_internal.score_batch(
    attachment_id integer, version bigint, artifact_sha256 bytea, layout text,
    numbers bytea, texts text[], on_error text
)
RETURNS double precision[]
LANGUAGE plpython3u STABLE PARALLEL UNSAFE
AS $python$
try:
    session = GD["pgchurn runtime 9535555f4396363a"]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    session = GD["pgchurn runtime 9535555f4396363a"]
return session.score_batch(
    attachment_id, version, artifact_sha256, layout, numbers, texts, on_error
)
$python$;
COMMENT ON FUNCTION churn_internal.score_batch IS
    'Probabilities of many rows in one call of the model; a row that cannot be scored is '
    'an error, or null; on_error null: as the attachment has it.';
ALTER FUNCTION churn_internal.score_batch OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.score_batch FROM PUBLIC;
