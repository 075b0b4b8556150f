CREATE OR REPLACE FUNCTION churn_internal.own_write(attachment_id integer, depth integer)
RETURNS bigint LANGUAGE sql VOLATILE PARALLEL UNSAFE
-- Few operations: to set each of them up takes longer than the sum.
RETURN txid_current() % 274877906944 * 16777216 + attachment_id % 65536 * 256::bigint + depth;
COMMENT ON FUNCTION churn_internal.own_write IS
    'What churn_internal.own_writes is set to while pgchurn writes a profile as its owner, at '
    'this depth of triggers of the present transaction.';
