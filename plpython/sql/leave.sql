CREATE OR REPLACE FUNCTION churn_internal.leave(
    entered text, what text DEFAULT NULL, depth integer DEFAULT NULL,
    transaction_id bigint DEFAULT NULL, OUT around text, OUT keys text[]
)
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
known = GD.get("pgchurn entered", {})
names = (entered or "").split()
if what is None:
    name = names[-1] if names else None
else:
    own = [name for name in known if known[name][:3] == (what, transaction_id, depth)]
    name = own[-1] if own else None
*_, keys = known.pop(name, ({},))
return " ".join(other for other in names if other != name), list(keys)
$python$;
COMMENT ON FUNCTION churn_internal.leave IS
    'Forgets what churn_internal.enter remembered last, by its name, or by what it is where '
    'others may have SET that meanwhile; returns what to set churn.entered to, and whose '
    'complaints are to be counted now.';
