CREATE OR REPLACE FUNCTION churn_internal.note_recount(transaction_id bigint) RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
GD["pgchurn recount"] = transaction_id
$python$;
COMMENT ON FUNCTION churn_internal.note_recount IS
    'Remembers that complaints were counted anew in a transaction; in memory, because '
    'anybody may SET a setting.';
