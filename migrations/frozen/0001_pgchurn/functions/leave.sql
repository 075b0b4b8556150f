CREATE OR REPLACE FUNCTION churn_internal.leave(entered text) RETURNS text
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
around, _, name = (entered or "").rpartition(" ")
GD.get("pgchurn entered", {}).pop(name, None)
return around
$python$;
COMMENT ON FUNCTION churn_internal.leave IS
    'Forgets what churn_internal.enter remembered last; returns what to set churn.entered to.';
