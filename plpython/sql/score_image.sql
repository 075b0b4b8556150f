CREATE OR REPLACE FUNCTION churn_internal.score_image(
    attachment_id integer, version bigint, artifact_sha256 bytea, trusted_keys text[],
    layout text, numbers bytea, texts text[], on_error text,
    challenger bigint, challenger_sha256 bytea, challenged boolean[]
) RETURNS churn_trust.array_image LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.score_image
keys = tuple(sorted(trusted_keys))
deployed = version, artifact_sha256, challenger, challenger_sha256, challenged
return call(attachment_id, deployed, keys, layout, numbers, texts, on_error)
$python$;
COMMENT ON FUNCTION churn_internal.score_image IS
    'Probabilities of many rows in few calls of the model, as the bytes of an array; NaN for '
    'a row that keeps its score.';
