CREATE OR REPLACE FUNCTION churn.examine_model(
    attachment_id integer, artifact bytea, compiled bytea, signature jsonb,
    environment jsonb, replay_numbers bytea, replay_texts text[], sample_numbers bytea,
    sample_texts text[], edge_numbers double precision[], edge_texts text[],
    OUT replayed double precision[], OUT parity double precision,
    OUT rows_compared bigint, OUT problem text
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE
AS $python$
try:
    session = GD["pgchurn runtime 740f9107a67d4e59"]
except KeyError:
    plpy.execute("SELECT churn.load_runtime()")
    session = GD["pgchurn runtime 740f9107a67d4e59"]
return session.examine_model(
    attachment_id, artifact, compiled, signature, environment,
    (replay_numbers, replay_texts), (sample_numbers, sample_texts),
    (edge_numbers, edge_texts),
)
$python$;
COMMENT ON FUNCTION churn.examine_model IS
    'Scores rows with a candidate''s pickle, and compares its compiled form with it.';
ALTER FUNCTION churn.examine_model OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.examine_model FROM PUBLIC;
