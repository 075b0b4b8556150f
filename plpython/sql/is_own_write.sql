CREATE OR REPLACE FUNCTION churn_internal.is_own_write(
    attachment_id integer, depth integer, transaction_id bigint, writes text
) RETURNS boolean LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
if not writes:
    return False
write = GD.get("pgchurn writes", {}).get(writes.rpartition(" ")[2])
return write == ((attachment_id, transaction_id), depth - 1)
$python$;
COMMENT ON FUNCTION churn_internal.is_own_write IS
    'Whether what fired a trigger at this depth is a write of pgchurn''s.';
