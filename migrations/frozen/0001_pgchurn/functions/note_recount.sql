-- In memory, because anybody may SET a setting; and counted by the server, which costs less
-- to ask than Python: see churn_internal.may_have_recounted. A superuser's, since nobody else
-- may have functions counted, and churn_owner could take that away.
CREATE OR REPLACE FUNCTION churn_trust.note_recount(transaction_id bigint) RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET track_functions = 'pl' AS $python$
GD["pgchurn recount"] = transaction_id
$python$;
COMMENT ON FUNCTION churn_trust.note_recount IS
    'Remembers that complaints were counted anew in a transaction, and is counted by the '
    'server whatever its settings.';
GRANT EXECUTE ON FUNCTION churn_trust.note_recount TO churn_owner;
