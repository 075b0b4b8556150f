-- The parameters have no names: to make variables of them took PL/Python a tenth of the call.
CREATE OR REPLACE FUNCTION churn_internal.score_changed(
    integer, bigint, bytea, text[], text, double precision[], text[]
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
attachment_id, version, artifact_sha256, trusted_keys, *row = args
return call(attachment_id, version, artifact_sha256, tuple(sorted(trusted_keys)), *row)
$python$;
COMMENT ON FUNCTION churn_internal.score_changed IS
    'Probability of a changed row of an attachment, given its number, the version in force, its '
    'digest, the trusted keys, the layout, the numbers and the texts; null where the failure '
    'policy keeps the old score.';
