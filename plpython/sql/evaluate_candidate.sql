CREATE OR REPLACE FUNCTION churn_internal.evaluate_candidate(
    attachment_id integer, artifact bytea, compiled bytea, signature jsonb,
    environment jsonb, layout text, replay_numbers bytea, replay_texts text[],
    sample_numbers bytea, sample_texts text[], boundary_numbers double precision[], boundary_texts text[],
    OUT replayed double precision[], OUT parity double precision,
    OUT rows_compared churn_internal.required_integer, OUT problem text
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].admission.evaluate_candidate(
    attachment_id, artifact, compiled, signature, environment, layout,
    (replay_numbers, replay_texts), (sample_numbers, sample_texts),
    (boundary_numbers, boundary_texts),
)
$python$;
COMMENT ON FUNCTION churn_internal.evaluate_candidate IS
    'Scores rows with a candidate''s pickle, and compares its compiled form with it.';
