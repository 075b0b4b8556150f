CREATE OR REPLACE FUNCTION churn_internal.enter(
    what text, depth integer, transaction_id bigint, entered text
) RETURNS text LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
known = GD.setdefault("pgchurn entered", {})
around = entered.split() if entered else []
# What errors have left behind.
for name, (_, begun_in, begun_at, _) in list(known.items()):
    if begun_in != transaction_id or begun_at > depth:
        del known[name]
# It need not be hard to guess: it counts until the end, and at this depth only.
name = str(len(known))
while name in known:
    name += "'"
known[name] = what, transaction_id, depth, {}
return " ".join([*around, name])
$python$;
COMMENT ON FUNCTION churn_internal.enter IS
    'Remembers, where nobody can pretend it, that something has begun at this depth of '
    'triggers; returns what to set churn.entered to.';
