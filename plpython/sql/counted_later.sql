CREATE OR REPLACE FUNCTION churn_internal.counted_later(entered text) RETURNS text[]
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
*_, name = (entered or "").split(" ")
*_, keys = GD.get("pgchurn entered", {}).get(name, ({},))
return list(keys)
$python$;
COMMENT ON FUNCTION churn_internal.counted_later IS
    'Whose complaints churn_internal.count_later has left to the end of the statement that was '
    'entered last.';
