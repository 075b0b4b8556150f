CREATE OR REPLACE FUNCTION churn_internal.smallest_changes(
    attachment_id integer, layout text, numbers double precision[], texts text[],
    observed_values jsonb, features text[], below double precision,
    key text
) RETURNS TABLE (
    changes jsonb, score double precision, distance double precision,
    reason churn_internal.required_text
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].explaining.smallest_changes
return call(attachment_id, layout, numbers, texts, observed_values, features, below, key)
$python$;
COMMENT ON FUNCTION churn_internal.smallest_changes IS
    'The smallest changes of a profile row that bring its score below a threshold, for '
    'churn.what_would_help.';
GRANT EXECUTE ON FUNCTION churn_internal.smallest_changes TO churn_scorer, churn_loader;
