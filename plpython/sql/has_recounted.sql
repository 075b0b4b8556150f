CREATE OR REPLACE FUNCTION churn_internal.has_recounted(transaction_id bigint) RETURNS boolean
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
return GD.get("pgchurn recount") == transaction_id
$python$;
COMMENT ON FUNCTION churn_internal.has_recounted IS
    'Whether complaints were counted anew in this session''s transaction.';
