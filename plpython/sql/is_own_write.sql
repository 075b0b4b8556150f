CREATE OR REPLACE FUNCTION churn_internal.is_own_write(
    attachment_id integer, depth integer, transaction_id bigint, writes text
) RETURNS boolean LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
known = GD.get("pgchurn writes")
if not known or not writes:
    return False
own = (attachment_id, transaction_id), depth - 1
return any(known.get(write) == own for write in writes.split())
$python$;
COMMENT ON FUNCTION churn_internal.is_own_write IS
    'Whether what fired a trigger at this depth is a write of pgchurn''s.';
