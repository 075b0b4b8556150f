CREATE OR REPLACE FUNCTION churn_internal.score_batch(
    attachment_id integer, version bigint, artifact_sha256 bytea, trusted_keys text[],
    layout text, numbers bytea, texts text[], on_error text,
    challenger bigint DEFAULT NULL, challenger_sha256 bytea DEFAULT NULL,
    challenged boolean[] DEFAULT NULL
) RETURNS double precision[] LANGUAGE sql STABLE PARALLEL UNSAFE
-- PL/Python hands a list over number by number, each as a text.
RETURN array_replace(
    churn_trust.image_array(churn_internal.score_image(
        attachment_id, version, artifact_sha256, trusted_keys, layout, numbers, texts, on_error,
        challenger, challenger_sha256, challenged
    )),
    'NaN', NULL
);
COMMENT ON FUNCTION churn_internal.score_batch IS
    'Probabilities of many rows in few calls of the model; a row that cannot be scored is '
    'an error, or null; on_error null: as the attachment has it. Where a release is under '
    'way, those that are challenged are scored by the challenger.';
