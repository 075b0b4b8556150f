CREATE OR REPLACE FUNCTION churn_internal.score_changed(
    attachment_id integer, version bigint, artifact_sha256 bytea, trusted_keys text[],
    layout text, numbers double precision[], texts text[]
) RETURNS churn_internal.probability LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.score_changed
recount = GD.get("pgchurn recount")
if recount:
    if GD["pgchurn"].scoring.was_recounted(recount):
        return None
    # That was another transaction: nobody need ask again.
    del GD["pgchurn recount"]
return call(attachment_id, version, artifact_sha256, tuple(sorted(trusted_keys)), layout, numbers, texts)
$python$;
COMMENT ON FUNCTION churn_internal.score_changed IS
    'Probability of one changed row; NULL where the failure policy keeps the old score.';
