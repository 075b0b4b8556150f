CREATE OR REPLACE FUNCTION churn.has_recounted(transaction_id bigint)
RETURNS boolean
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE
AS $python$
return GD.get("pgchurn recount") == transaction_id
$python$;
COMMENT ON FUNCTION churn.has_recounted IS
    'Whether complaints were counted anew in this session''s transaction.';
ALTER FUNCTION churn.has_recounted OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.has_recounted FROM PUBLIC;
