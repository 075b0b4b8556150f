CREATE OR REPLACE FUNCTION churn_internal.score_features(
    attachment_id integer, layout text, numbers double precision[], texts text[]
)
RETURNS double precision
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $python$
try:
    session = GD["pgchurn runtime 9535555f4396363a"]
except KeyError:
    plpy.execute("SELECT churn_internal.load_runtime()")
    session = GD["pgchurn runtime 9535555f4396363a"]
return session.score_features(attachment_id, layout, numbers, texts)
$python$;
COMMENT ON FUNCTION churn_internal.score_features IS
    'Probability of churn, 0 to 1, of one row given as arrays, under the active model.';
ALTER FUNCTION churn_internal.score_features OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.score_features FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn_internal.score_features TO churn_scorer, churn_loader;
