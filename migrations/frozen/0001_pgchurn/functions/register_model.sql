CREATE OR REPLACE FUNCTION churn.register_model(
    profile regclass, artifact bytea, signature jsonb, metrics jsonb,
    environment jsonb, provenance jsonb,
    replay_keys text[], replay_probabilities double precision[],
    compiled bytea DEFAULT NULL, compilation text DEFAULT 'none was given',
    boundary_numbers double precision[] DEFAULT NULL, boundary_texts text[] DEFAULT NULL,
    attestation text DEFAULT NULL, attestation_signature bytea DEFAULT NULL,
    attestation_key text DEFAULT NULL, allow_older boolean DEFAULT false
) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    -- The compiled form is compared on so many rows, or on all there are.
    sample_size CONSTANT integer := 10000;
    attachment churn.attachments := churn_internal.attachment_of(profile);
    candidate CONSTANT churn.attachments := churn_internal.with_columns(
        attachment, churn_internal.feature_names(signature)
    );
    keys CONSTANT jsonb := churn_internal.attachment_placeholders(attachment);
    sample_keys text[];
    replayed_keys text[];
    replay_numbers bytea;
    replay_texts text[];
    sample_numbers bytea;
    sample_texts text[];
    examined record;
    worst_key text;
    worst_client double precision;
    worst_server double precision;
    new_version bigint;
BEGIN
    IF cardinality(replay_keys) IS DISTINCT FROM cardinality(replay_probabilities) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'replay needs one probability for each key';
    END IF;
    -- Before anything looks into the pickle.
    IF NOT churn_internal.check_attestation(
        sha256(artifact), sha256(compiled), signature, environment, attestation,
        attestation_signature, attestation_key,
        churn_internal.active_attestation(attachment.attachment_id), allow_older
    ) THEN
        compiled := NULL;
        compilation := 'the signature does not cover the one that was given';
    END IF;
    SELECT * INTO replayed_keys, replay_numbers, replay_texts
    FROM churn_internal.read_profiles(candidate, replay_keys);
    IF compiled IS NOT NULL THEN
        EXECUTE format(
            'SELECT array_agg(s.key) FROM (
                SELECT p.%1$I::text AS key FROM %2$s p ORDER BY md5(p.%1$I::text) LIMIT %3$s
            ) s',
            attachment.profile_key, churn_internal.table_name(profile),
            least(sample_size, churn_internal.most_rows(candidate))
        ) INTO sample_keys;
    END IF;
    SELECT * INTO sample_keys, sample_numbers, sample_texts
    FROM churn_internal.read_profiles(candidate, sample_keys);
    examined := churn_internal.evaluate_candidate(
        attachment.attachment_id, artifact, compiled, signature, environment,
        churn_internal.layout(candidate),
        replay_numbers, replay_texts, sample_numbers, sample_texts,
        boundary_numbers, boundary_texts
    );

    -- The server's own path from a stored row to a probability is what will be used,
    -- so it must give what the client saw.
    IF cardinality(replay_keys) > 0 THEN
        EXECUTE format(
            'SELECT c.key::text, c.probability AS client, s.score AS server
             FROM unnest($1::%1$s[], $2) c (key, probability)
             LEFT JOIN unnest($3::%1$s[], $4) s (key, score) ON s.key::%3$s %2$s c.key
             ORDER BY abs(c.probability - s.score) DESC NULLS FIRST LIMIT 1',
            keys ->> 'key_type', keys ->> 'equals_key', keys ->> 'key_order'
        ) INTO worst_key, worst_client, worst_server
        USING replay_keys, replay_probabilities, replayed_keys, examined.replayed;
        IF (abs(worst_client - worst_server) <= 1e-9) IS NOT TRUE THEN
            RAISE data_exception USING
                MESSAGE = 'the server does not reproduce the client''s probabilities',
                DETAIL = format('Row %s: %s at the client, %s in the server.', worst_key,
                                worst_client, coalesce(worst_server::text, 'not there')),
                HINT = 'Register from an interpreter with the server''s package '
                       'versions, on the rows as they are stored.';
        END IF;
    ELSE
        RAISE NOTICE 'no row of % was there to replay', profile;
    END IF;

    IF examined.problem IS NOT NULL THEN
        RAISE NOTICE 'no compiled form was kept: %', examined.problem;
    END IF;
    INSERT INTO churn.models (
        attachment_id, artifact, artifact_sha256, compiled, compiled_sha256, parity,
        compilation, signature, metrics, environment, provenance,
        attestation, attestation_signature, attestation_key
    )
    SELECT attachment.attachment_id, register_model.artifact,
           sha256(register_model.artifact), k.compiled, sha256(k.compiled),
           CASE WHEN k.compiled IS NOT NULL THEN examined.parity END,
           CASE
               WHEN k.compiled IS NOT NULL
                   THEN format('compared on %s rows', examined.rows_compared)
               ELSE format('no compiled form: %s',
                           coalesce(examined.problem, register_model.compilation))
           END,
           register_model.signature, register_model.metrics,
           register_model.environment, register_model.provenance,
           register_model.attestation, register_model.attestation_signature,
           register_model.attestation_key
    FROM (
        SELECT CASE WHEN examined.problem IS NULL THEN register_model.compiled END
    ) k (compiled)
    RETURNING version INTO new_version;
    -- Here, so that activating it is one row, and writes no function anew; and last, so
    -- that no activation waits while the candidate is evaluated.
    PERFORM churn_internal.fit_functions(attachment);
    RETURN new_version;
END $body$;
COMMENT ON FUNCTION churn.register_model IS
    'Registers a pickled classifier after replaying rows, by key, whose probabilities '
    'the client computed; keeps its compiled form when the two agree. Returns the version.';
GRANT EXECUTE ON FUNCTION churn.register_model TO churn_loader;
