CREATE OR REPLACE FUNCTION churn.register_model(
    profile regclass, artifact bytea, signature jsonb, metrics jsonb,
    environment jsonb, provenance jsonb,
    replay_keys text[], replay_probabilities double precision[],
    compile boolean DEFAULT true, allow_pickle boolean DEFAULT false,
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
    signed_form text;
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
    SELECT * INTO replayed_keys, replay_numbers, replay_texts
    FROM churn_internal.read_profiles(candidate, replay_keys);
    IF compile THEN
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
        attachment.attachment_id, artifact, signature, environment,
        churn_internal.layout(candidate),
        replay_numbers, replay_texts, sample_numbers, sample_texts, compile
    );
    IF attestation IS NOT NULL AND examined.compiled IS NOT NULL
        AND encode(sha256(examined.compiled), 'hex') <> signed_form
    THEN
        examined.compiled := NULL;
        examined.problem := 'the signature does not cover the one that the server made';
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
        compilation, signature, metrics, environment, provenance,
        attestation, attestation_signature, attestation_key
    )
    SELECT attachment.attachment_id, register_model.artifact,
           sha256(register_model.artifact), examined.compiled, sha256(examined.compiled),
           CASE WHEN examined.compiled IS NOT NULL THEN examined.parity END,
           CASE
               WHEN examined.compiled IS NOT NULL
                   THEN format('compared on %s rows', examined.rows_compared)
               ELSE format('no compiled form: %s', examined.problem)
           END,
           register_model.signature, register_model.metrics,
           register_model.environment, register_model.provenance,
           register_model.attestation, register_model.attestation_signature,
           register_model.attestation_key
    RETURNING version INTO new_version;
    -- Here, so that activating it is one row, and writes no function anew; and last, so
    -- that no activation waits while the candidate is evaluated.
    PERFORM churn_internal.fit_functions(attachment);
    RETURN new_version;
END $body$;
COMMENT ON FUNCTION churn.register_model IS
    'Registers a pickled classifier after replaying rows, by key, whose probabilities '
    'the client computed, and compiles it; keeps the compiled form when the two agree. Returns '
    'the version.';
GRANT EXECUTE ON FUNCTION churn.register_model TO churn_loader;
