CREATE OR REPLACE FUNCTION churn_internal.judge_experiment(
    sums bytea, challenger_leavers bytea, champion_leavers bytea, expected bigint,
    challenger_exposed bigint, champion_exposed bigint
) RETURNS TABLE (
    verdict churn_internal.required_text, difference double precision,
    lower double precision, upper double precision, is_mismatch boolean
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
leavers = challenger_leavers, champion_leavers
exposed = challenger_exposed, champion_exposed
return GD["pgchurn"].experimenting.judge(sums, leavers, expected, exposed)
$python$;
COMMENT ON FUNCTION churn_internal.judge_experiment IS
    'Which version of an experiment loses fewer customers, by the sums over its arms, who left '
    'by their places in them, where they are few, and how many were exposed.';
