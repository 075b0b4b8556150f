CREATE OR REPLACE FUNCTION churn_internal.compare_scores(
    profile oid, champion bigint, challenger bigint, since timestamptz, until timestamptz,
    material double precision, expected bigint, confidence double precision,
    thresholds double precision[], acted_upon boolean
) RETURNS TABLE (
    name churn_internal.required_text, of_champion double precision,
    of_challenger double precision, difference double precision, lower double precision,
    upper double precision, n bigint, verdict text, detail text
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].comparing.compare
return call(
    profile, champion, challenger, since, until, material, expected, confidence,
    thresholds, acted_upon,
)
$python$;
COMMENT ON FUNCTION churn_internal.compare_scores IS
    'Replays logged features through two versions, and compares what they say with what '
    'became of the customers, for churn.compare.';
GRANT EXECUTE ON FUNCTION churn_internal.compare_scores TO churn_scorer, churn_loader;
