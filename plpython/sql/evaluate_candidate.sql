CREATE OR REPLACE FUNCTION churn_internal.evaluate_candidate(
    attachment_id integer, artifact bytea, signature jsonb,
    environment jsonb, layout text, replay_numbers bytea, replay_texts text[],
    sample_numbers bytea, sample_texts text[], compile_form boolean,
    training_sample jsonb, held_out jsonb,
    OUT replayed double precision[], OUT compiled bytea, OUT parity double precision,
    OUT rows_compared churn_internal.required_integer, OUT problem text,
    OUT explanation bytea, OUT explanation_problem text, OUT reference jsonb
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
plpy.execute("SELECT churn_internal.load_runtime()")
return GD["pgchurn"].admission.evaluate_candidate(
    attachment_id, artifact, signature, environment, layout,
    (replay_numbers, replay_texts), (sample_numbers, sample_texts), compile_form,
    training_sample, held_out,
)
$python$;
COMMENT ON FUNCTION churn_internal.evaluate_candidate IS
    'Scores rows with a candidate''s pickle, compiles it, compares the two forms, and makes '
    'what explains its scores.';
