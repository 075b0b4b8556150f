CREATE OR REPLACE FUNCTION churn_internal.register_candidate(
    profile regclass, artifact bytea, signature jsonb, metrics jsonb,
    environment jsonb, provenance jsonb,
    replay_keys text[], replay_probabilities double precision[], layout text,
    replayed_keys text[], replay_numbers bytea, replay_texts text[],
    sample_numbers bytea, sample_texts text[],
    compile boolean, allow_pickle boolean, attestation text, attestation_signature bytea,
    attestation_key text, allow_older boolean, training_sample jsonb
) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
    keys CONSTANT jsonb := churn_internal.attachment_placeholders(attachment);
    examined record;
    signed_form text;
    worst_key text;
    worst_client double precision;
    worst_server double precision;
    new_version bigint;
BEGIN
    PERFORM churn_internal.trained_until(provenance);
    -- Before anything looks into the pickle.
    signed_form := churn_internal.check_attestation(
        sha256(artifact), signature, environment, attestation, attestation_signature,
        attestation_key, churn_internal.active_attestation(attachment.attachment_id),
        allow_older
    );
    IF allow_pickle THEN
        PERFORM churn_trust.allow_pickle(
            sha256(artifact), format('registered for %s', profile)
        );
    END IF;
    examined := churn_internal.evaluate_candidate(
        attachment.attachment_id, artifact, signature, environment, layout,
        replay_numbers, replay_texts, sample_numbers, sample_texts, compile,
        training_sample, provenance -> 'held_out'
    );
    IF attestation IS NOT NULL AND examined.compiled IS NOT NULL
        AND encode(sha256(examined.compiled), 'hex') <> signed_form
    THEN
        examined.compiled := NULL;
        examined.problem := 'the signature does not cover the one that the server made';
    END IF;
    -- It was read as a statement when it was verified.
    IF attestation IS NOT NULL AND examined.explanation IS NOT NULL
        AND encode(sha256(examined.explanation), 'hex')
            IS DISTINCT FROM attestation::jsonb ->> 'explanation_sha256'
    THEN
        examined.explanation := NULL;
        examined.explanation_problem :=
            'the signature does not cover the one that the server made';
    END IF;

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
        RAISE NOTICE 'no row of % was there to replay',
            churn_internal.representable(profile::text);
    END IF;

    IF examined.compiled IS NULL THEN
        IF attestation IS NULL AND NOT churn_trust.is_pickle_allowed(sha256(artifact)) THEN
            RAISE insufficient_privilege USING
                MESSAGE = 'the model has no compiled form, and its pickle is not allowed to '
                          'score',
                DETAIL = format('There is no compiled form: %s.', examined.problem),
                HINT = 'Sign it with a trusted key, or have a superuser register it with '
                       'allow_pickle => true; or train a pipeline that compiles.';
        END IF;
        RAISE NOTICE 'no compiled form was kept: %',
            churn_internal.representable(examined.problem);
    END IF;
    INSERT INTO churn.models (
        attachment_id, artifact, artifact_sha256, compiled, compiled_sha256, parity,
        compilation, explanation, explanation_sha256, explanation_problem, reference,
        reference_sha256, signature, metrics, environment, provenance,
        attestation, attestation_signature, attestation_key
    )
    SELECT attachment.attachment_id, register_candidate.artifact,
           sha256(register_candidate.artifact), examined.compiled, sha256(examined.compiled),
           CASE WHEN examined.compiled IS NOT NULL THEN examined.parity END,
           CASE
               WHEN examined.compiled IS NOT NULL
                   THEN format('compared on %s rows', examined.rows_compared)
               ELSE format('no compiled form: %s', examined.problem)
           END,
           examined.explanation, sha256(examined.explanation),
           CASE
               WHEN examined.explanation IS NULL
                   THEN coalesce(examined.explanation_problem, 'it was not made')
           END,
           examined.reference, churn_internal.reference_digest(examined.reference),
           register_candidate.signature, register_candidate.metrics,
           register_candidate.environment, register_candidate.provenance,
           register_candidate.attestation, register_candidate.attestation_signature,
           register_candidate.attestation_key
    RETURNING version INTO new_version;
    PERFORM churn_internal.warn_of_changed_features(
        new_version, profile, churn_internal.features_changed_by_writing(new_version)
    );
    -- Here, so that activating it is one row, and writes no function anew; and last, so
    -- that no activation waits while the candidate is evaluated.
    PERFORM churn_internal.fit_functions(attachment);
    RETURN new_version;
END $body$;
COMMENT ON FUNCTION churn_internal.register_candidate IS
    'Registers a classifier for churn.register_model, which has read the rows on which it is '
    'tried with the rights of its own caller.';
GRANT EXECUTE ON FUNCTION churn_internal.register_candidate TO churn_loader;
