CREATE OR REPLACE FUNCTION churn_internal.end_change(
    entered text, what text, depth integer, transaction_id bigint,
    OUT around text, OUT keys text[]
)
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
# By what it is, and not by the name in the setting: others may have SET that meanwhile.
known = GD.get("pgchurn entered", {})
own = [name for name in known if known[name][:3] == (what, transaction_id, depth)]
name = own[-1] if own else None
*_, keys = known.pop(name, ({},))
around = [other for other in (entered or "").split() if other != name]
return " ".join(around), list(keys)
$python$;
COMMENT ON FUNCTION churn_internal.end_change IS
    'Forgets that others change rows of the profile; returns what to set churn.entered to, and '
    'whose complaints churn_internal.count_later has left to be counted now.';
