CREATE OR REPLACE FUNCTION churn_internal.explain_many(
    version bigint, numbers bytea, texts text[], rows_before bigint, on_error text,
    OUT scores churn_internal.probabilities, OUT contributions text[]
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].explaining.explain_many
return call(version, numbers, texts, rows_before, on_error)
$python$;
COMMENT ON FUNCTION churn_internal.explain_many IS
    'The same as churn_internal.predict_many, and what each feature contributes to the log '
    'odds, a text of JSON for each row.';
GRANT EXECUTE ON FUNCTION churn_internal.explain_many TO churn_scorer, churn_loader;
