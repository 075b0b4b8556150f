CREATE OR REPLACE FUNCTION churn_internal.is_own_write(
    what text, depth integer, transaction_id bigint, entered text
) RETURNS boolean LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
if not entered:
    return False
known = GD.get("pgchurn entered", {})
own = what, transaction_id, depth - 1
return own in [known[name][:3] for name in entered.split() if name in known]
$python$;
COMMENT ON FUNCTION churn_internal.is_own_write IS
    'Whether what fired a trigger at this depth is a write of pgchurn''s.';
