CREATE OR REPLACE FUNCTION churn_internal.begin_write(
    attachment_id integer, depth integer, transaction_id bigint, writes text
) RETURNS text LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
known = GD.setdefault("pgchurn writes", {})
if writes:
    around = writes.split()
    within = [known.get(write, (None,))[0] for write in around]
    if within.count((attachment_id, transaction_id)) > 1:
        return None
else:
    around = []
    # What errors have left behind.
    known.clear()
# Not to be guessed need it be: it counts until the write ends, and at this depth only.
write = str(len(known))
while write in known:
    write += "'"
known[write] = (attachment_id, transaction_id), depth
return " ".join([*around, write])
$python$;
COMMENT ON FUNCTION churn_internal.begin_write IS
    'Remembers, where nobody can pretend it, that pgchurn writes a profile at this depth of '
    'triggers; returns what to set churn.writes to, or null within a repeated write.';
