CREATE OR REPLACE FUNCTION churn_internal.end_write(writes text) RETURNS text
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
around, _, write = writes.rpartition(" ")
GD["pgchurn writes"].pop(write, None)
return around
$python$;
COMMENT ON FUNCTION churn_internal.end_write IS
    'Forgets what churn_internal.begin_write remembered last; returns what to set '
    'churn.writes to.';
