-- No SECURITY DEFINER: a candidate is tried on rows that its caller may read, and on no
-- others, since their values show in its probabilities and in what it fails with.
CREATE OR REPLACE FUNCTION churn.register_model(
    profile regclass, artifact bytea, signature jsonb, metrics jsonb,
    environment jsonb, provenance jsonb,
    replay_keys text[], replay_probabilities double precision[],
    compile boolean DEFAULT true, allow_pickle boolean DEFAULT false,
    attestation text DEFAULT NULL, attestation_signature bytea DEFAULT NULL,
    attestation_key text DEFAULT NULL, allow_older boolean DEFAULT false,
    training_sample jsonb DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    reading CONSTANT record := churn_internal.candidate_statements(profile, signature);
    replayed record;
    sample record;
BEGIN
    IF cardinality(replay_keys) IS DISTINCT FROM cardinality(replay_probabilities) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'replay needs one probability for each key';
    END IF;
    IF cardinality(replay_keys) > reading.most_rows THEN
        RAISE program_limit_exceeded USING
            MESSAGE = format('replay takes %s rows at most', reading.most_rows),
            DETAIL = format('There are %s keys.', cardinality(replay_keys));
    END IF;
    SELECT NULL::text[] AS keys, NULL::bytea AS numbers, NULL::text[] AS texts INTO replayed;
    sample := replayed;
    IF cardinality(replay_keys) > 0 THEN
        EXECUTE reading.profiles
            INTO replayed.keys, replayed.numbers, replayed.texts USING replay_keys;
    END IF;
    IF compile THEN
        BEGIN
            EXECUTE reading.sample_keys INTO sample.keys;
            EXECUTE reading.profiles
                INTO sample.keys, sample.numbers, sample.texts USING sample.keys;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE '% may not be read: the compiled form is compared on made-up rows',
                churn_internal.representable(profile::text);
        END;
    END IF;
    RETURN churn_internal.register_candidate(
        profile, artifact, signature, metrics, environment, provenance,
        replay_keys, replay_probabilities, reading.layout,
        replayed.keys, replayed.numbers, replayed.texts, sample.numbers, sample.texts,
        compile, allow_pickle, attestation, attestation_signature, attestation_key, allow_older,
        training_sample
    );
END $body$;
COMMENT ON FUNCTION churn.register_model IS
    'Registers a pickled classifier after replaying rows, by key, whose probabilities '
    'the client computed, and compiles it; keeps the compiled form when the two agree. Returns '
    'the version.';
GRANT EXECUTE ON FUNCTION churn.register_model TO churn_loader;
