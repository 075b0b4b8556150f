CREATE OR REPLACE FUNCTION churn_internal.leave(entered text, OUT around text, OUT keys text[])
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
around, _, name = (entered or "").rpartition(" ")
*_, keys = GD.get("pgchurn entered", {}).pop(name, ({},))
return around, list(keys)
$python$;
COMMENT ON FUNCTION churn_internal.leave IS
    'Forgets what churn_internal.enter remembered last; returns what to set churn.entered to, '
    'and whose complaints are to be counted now.';
