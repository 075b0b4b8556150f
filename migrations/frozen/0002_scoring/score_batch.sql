CREATE OR REPLACE FUNCTION churn.score_batch(
    attachment_id integer, version bigint, artifact_sha256 bytea, layout text,
    numbers bytea, texts text[], keep boolean
)
RETURNS double precision[]
LANGUAGE plpython3u STABLE PARALLEL UNSAFE
AS $python$
try:
    session = GD["pgchurn runtime 5e1b61371e848793"]
except KeyError:
    plpy.execute("SELECT churn.load_runtime()")
    session = GD["pgchurn runtime 5e1b61371e848793"]
return session.score_batch(
    attachment_id, version, artifact_sha256, layout, numbers, texts, keep
)
$python$;
COMMENT ON FUNCTION churn.score_batch IS
    'Probabilities of many rows in one call of the model; keep: by the failure policy.';
ALTER FUNCTION churn.score_batch OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.score_batch FROM PUBLIC;
