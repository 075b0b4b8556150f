-- Of customers whose profiles this transaction has locked: nobody else exposes them meanwhile.
CREATE OR REPLACE FUNCTION churn_internal.record_exposures(
    attachment_id integer, keys text[], scores double precision[]
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_variable
DECLARE
    failed CONSTANT text := current_setting('churn.score_failed', true);
    exposed_at CONSTANT timestamptz := clock_timestamp();
    current churn.deployments;
    carried churn.attachments;
    challenged text[];
    champions text[];
    their_scores double precision[];
    profiles record;
    covariates double precision[];
BEGIN
    SELECT d.* INTO current
    FROM churn.deployments d WHERE d.attachment_id = record_exposures.attachment_id
    ORDER BY d.deployment_id DESC LIMIT 1;
    IF current.action <> 'experiment' THEN
        RETURN;
    END IF;
    SELECT array_agg(n.key) FILTER (WHERE n.is_challenged),
           array_agg(n.key) FILTER (WHERE NOT n.is_challenged),
           array_agg(n.score) FILTER (WHERE NOT n.is_challenged)
    INTO challenged, champions, their_scores
    FROM (
        SELECT DISTINCT ON (k.key) k.key, k.score, k.place < current.share AS is_challenged
        FROM unnest(
            keys, scores,
            churn_internal.arm_hashes(
                ARRAY(
                    SELECT convert_to(k.key, 'SQL_ASCII')
                    FROM unnest(keys) WITH ORDINALITY k (key, number)
                    ORDER BY k.number
                ),
                current.salt
            )
        ) k (key, score, place)
        WHERE (k.place < current.share OR k.place >= 65536 - current.share)
          AND NOT EXISTS (
            SELECT FROM churn.exposures e
            WHERE e.attachment_id = record_exposures.attachment_id
              AND e.key = k.key COLLATE "C" AND e.experiment_id = current.experiment_id
        )
        ORDER BY k.key
    ) n;
    INSERT INTO churn.exposures (
        attachment_id, experiment_id, key, version, covariate, exposed_at
    )
    SELECT attachment_id, current.experiment_id, k.key, current.version, k.score,
           exposed_at
    FROM unnest(champions, their_scores) k (key, score);
    IF challenged IS NULL THEN
        RETURN;
    END IF;
    -- The champion's score of the same rows: without it the arms could be compared by no more
    -- than who left.
    SELECT a.* INTO carried
    FROM churn.attachments a WHERE a.attachment_id = record_exposures.attachment_id;
    carried := churn_internal.with_columns(carried, (
        SELECT churn_internal.feature_names(m.signature)
        FROM churn.models m WHERE m.version = current.version
    ));
    SELECT r.* INTO profiles FROM churn_internal.read_profiles(carried, challenged) r;
    IF profiles.keys IS NOT NULL THEN
        covariates := churn_internal.score_batch(
            attachment_id, current.version, current.artifact_sha256,
            ARRAY(SELECT k.fingerprint FROM churn_trust.trusted_keys k
                  WHERE k.revoked_at IS NULL),
            churn_internal.layout(carried), profiles.numbers, profiles.texts, 'keep'
        );
        -- What has failed here is no score of anybody's.
        PERFORM set_config('churn.score_failed', coalesce(failed, ''), true);
    END IF;
    INSERT INTO churn.exposures (
        attachment_id, experiment_id, key, version, covariate, exposed_at
    )
    SELECT attachment_id, current.experiment_id, k.key, current.challenger, s.score,
           exposed_at
    FROM unnest(challenged) k (key)
    LEFT JOIN unnest(profiles.keys, covariates) s (key, score) ON s.key = k.key;
END $body$;
COMMENT ON FUNCTION churn_internal.record_exposures IS
    'Appends those of the customers with these keys, who are scored in an arm of an experiment '
    'for the first time, to churn.exposures; also those whose score failed, as which arm that '
    'happens in must not matter.';
