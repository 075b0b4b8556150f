CREATE OR REPLACE FUNCTION churn.register_model(
    profile regclass, artifact bytea, signature jsonb, metrics jsonb,
    environment jsonb, provenance jsonb,
    replay_keys text[], replay_probabilities double precision[]
)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    attachment churn.attachments := churn.attachment_of(profile);
    new_version bigint;
    digest bytea := sha256(artifact);
    layout text;
    replayed record;
    scores double precision[];
    worst record;
BEGIN
    IF cardinality(replay_keys) IS DISTINCT FROM cardinality(replay_probabilities) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'replay needs one probability for each key';
    END IF;

    INSERT INTO churn.models (
        attachment_id, artifact, artifact_sha256, signature, metrics, environment,
        provenance
    )
    VALUES (
        attachment.attachment_id, artifact, digest, signature, metrics, environment,
        provenance
    )
    RETURNING version INTO new_version;

    -- The server's own path from a stored row to a probability is what will be used,
    -- so it must give what the client saw before anything can be activated.
    layout := churn.layout(attachment);
    EXECUTE format(
        'SELECT * FROM churn.read_profiles_%s($1::%s[], NULL)',
        attachment.attachment_id, churn.key_type(attachment)
    ) INTO replayed USING replay_keys;
    IF replayed.keys IS NULL THEN
        RAISE NOTICE 'no row of % was there to replay', profile;
        PERFORM churn.check_model(new_version);
        RETURN new_version;
    END IF;
    scores := churn.score_batch(
        attachment.attachment_id, new_version, digest, layout, replayed.numbers,
        replayed.texts, keep => false
    );
    EXECUTE format(
        'SELECT c.key::text, c.probability AS client, s.score AS server
         FROM unnest($1::%1$s[], $2) c (key, probability)
         LEFT JOIN unnest($3::%1$s[], $4) s (key, score) ON s.key = c.key
         ORDER BY abs(c.probability - s.score) DESC NULLS FIRST LIMIT 1',
        churn.key_type(attachment)
    ) INTO worst USING replay_keys, replay_probabilities, replayed.keys::text[], scores;
    IF abs(worst.client - worst.server) <= 1e-9 THEN
        RETURN new_version;
    END IF;
    RAISE data_exception USING
        MESSAGE = 'the server does not reproduce the client''s probabilities',
        DETAIL = format('Row %s: %s at the client, %s in the server.', worst.key,
                        worst.client, coalesce(worst.server::text, 'not there')),
        HINT = 'Register from an interpreter with the server''s package versions, on '
               'the rows as they are stored.';
END
$body$;
COMMENT ON FUNCTION churn.register_model IS
    'Registers a pickled classifier after replaying rows, by key, whose probabilities '
    'the client computed; returns its version.';
ALTER FUNCTION churn.register_model OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.register_model FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.register_model TO churn_loader;
