CREATE OR REPLACE FUNCTION churn_internal.score_changed(
    attachment_id integer, version bigint, artifact_sha256 bytea, layout text,
    numbers double precision[], texts text[]
)
RETURNS double precision
LANGUAGE plpython3u STABLE PARALLEL UNSAFE
AS $python$
try:
    session = GD["pgchurn runtime 9535555f4396363a"]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    session = GD["pgchurn runtime 9535555f4396363a"]
recount = GD.get("pgchurn recount")
if recount:
    if session.was_recounted(recount):
        return None
    # That was another transaction: nobody need ask again.
    del GD["pgchurn recount"]
return session.score_changed(
    attachment_id, version, artifact_sha256, layout, numbers, texts
)
$python$;
COMMENT ON FUNCTION churn_internal.score_changed IS
    'Probability of one changed row; NULL where the failure policy keeps the old score.';
ALTER FUNCTION churn_internal.score_changed OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.score_changed FROM PUBLIC;
