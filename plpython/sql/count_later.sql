CREATE OR REPLACE FUNCTION churn_internal.count_later(
    what text, transaction_id bigint, entered text, keys text[]
) RETURNS boolean LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
known = GD.get("pgchurn entered", {})
for name in reversed((entered or "").split()):
    if name in known and known[name][:2] == (what, transaction_id):
        known[name][3].update(dict.fromkeys(keys or []))
        return True
return False
$python$;
COMMENT ON FUNCTION churn_internal.count_later IS
    'Whether a statement is changing rows of the profile, which may not be written before its '
    'end; then remembers whose complaints are to be counted there.';
