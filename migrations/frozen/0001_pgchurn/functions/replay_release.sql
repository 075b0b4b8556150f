CREATE OR REPLACE FUNCTION churn_internal.replay_release(
    attachment_id integer, champion bigint, challenger bigint, layout text, numbers bytea,
    texts text[], threshold double precision, limits text, scored bigint, failing bigint
) RETURNS TABLE (
    guardrail churn_internal.required_text, value double precision, lower double precision,
    upper double precision, "limit" double precision, n bigint, result text, detail text
)
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
rows = layout, numbers, texts
return GD["pgchurn"].releasing.replay(attachment_id, champion, challenger, rows, threshold, limits, scored, failing)
$python$;
COMMENT ON FUNCTION churn_internal.replay_release IS
    'What the guardrails of a release say of rows that both versions score, and of how many the '
    'challenger has scored and failed to score when they were due.';
