CREATE OR REPLACE FUNCTION churn.score_batch(
    attachment_id integer, version bigint, artifact_sha256 bytea, layout text,
    numbers bytea, texts text[], keep boolean
)
RETURNS double precision[]
LANGUAGE plpython3u STABLE PARALLEL UNSAFE
AS $python$
try:
    session = GD["pgchurn runtime 8cb5b04c0a8a2a7e"]
except KeyError:
    plpy.execute("SELECT churn.load_runtime()")
    session = GD["pgchurn runtime 8cb5b04c0a8a2a7e"]
return session.score_batch(
    attachment_id, version, artifact_sha256, layout, numbers, texts, keep
)
$python$;
COMMENT ON FUNCTION churn.score_batch IS
    'Probabilities of many rows in one call of the model; keep: by the failure policy.';
ALTER FUNCTION churn.score_batch OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.score_batch FROM PUBLIC;
