CREATE OR REPLACE FUNCTION churn_internal.begin_rescoring(
    profile regclass, restart boolean DEFAULT false, abandoned bigint DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- So that every session reads the texts of keys alike.
SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET timezone = 'UTC'
SET bytea_output = 'hex' SET extra_float_digits = 1 SET lc_monetary = 'C' AS $body$
DECLARE
    -- A sample of this many blocks says where to split a table of any size.
    sampled_blocks CONSTANT integer := 500;
    rows_of_range CONSTANT integer := 10000;
    most_ranges CONSTANT integer := 64;
    attachment churn.attachments := churn_internal.attachment_of(profile);
    deployment bigint;
    unfinished record;
    blocks bigint;
    percentage double precision;
    keys text[];
    expected bigint;
    ranges integer;
    run bigint;
BEGIN
    -- Neither an activation nor another run begins meanwhile.
    PERFORM churn_internal.lock_deployments(attachment.attachment_id);
    SELECT max(d.deployment_id) INTO deployment
    FROM churn.deployments d WHERE d.attachment_id = attachment.attachment_id;
    IF deployment IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('no active model for %s', profile),
            HINT = 'Call churn.activate_model(version) with a registered version.';
    END IF;

    IF restart IS NOT TRUE THEN
        SELECT r.run_id, r.rows_expected,
               (SELECT sum(g.rows_done) FROM churn_internal.rescore_ranges g
                WHERE g.run_id = r.run_id) AS rows_done
        INTO unfinished
        FROM churn_internal.rescore_runs r
        WHERE r.attachment_id = attachment.attachment_id AND r.ended_at IS NULL
          AND r.deployment_id = deployment
          AND r.key_order = churn_internal.key_order(attachment);
        IF FOUND THEN
            IF unfinished.rows_done > 0 THEN
                RAISE NOTICE 'run % goes on after % of about % rows', unfinished.run_id,
                    unfinished.rows_done, unfinished.rows_expected;
            END IF;
            RETURN unfinished.run_id;
        END IF;
        -- Another session has done already what was to replace an abandoned run.
        IF EXISTS (
            SELECT FROM churn_internal.rescore_runs r
            WHERE r.attachment_id = attachment.attachment_id AND r.run_id > abandoned
              AND r.deployment_id = deployment AND r.outcome = 'done'
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    PERFORM churn_internal.abandon_rescoring(attachment.attachment_id);

    SELECT sum(pg_relation_size(t.relid)) / current_setting('block_size')::integer
    INTO blocks
    FROM (SELECT profile AS relid UNION SELECT p.relid FROM pg_partition_tree(profile) p) t;
    percentage := least(100, 100.0 * sampled_blocks / greatest(blocks, 1));
    EXECUTE format(
        'SELECT array_agg(p.%2$I::text ORDER BY p.%2$I) FROM %1$s p'
        ' TABLESAMPLE SYSTEM (%3$s) WHERE p.%2$I IS NOT NULL',
        churn_internal.table_name(profile), attachment.profile_key, percentage
    ) INTO keys;
    expected := round(coalesce(cardinality(keys), 0) * 100 / percentage);
    ranges := greatest(1, least(
        most_ranges, expected / rows_of_range, coalesce(cardinality(keys), 0)
    ));

    INSERT INTO churn_internal.rescore_runs (
        attachment_id, deployment_id, key_order, rows_expected
    )
    VALUES (attachment.attachment_id, deployment, churn_internal.key_order(attachment), expected)
    RETURNING run_id INTO run;
    INSERT INTO churn_internal.rescore_ranges (run_id, range_number, after_key, through_key)
    SELECT run, n,
           CASE WHEN n > 1 THEN keys[(n - 1) * cardinality(keys)::bigint / ranges] END,
           CASE WHEN n < ranges THEN keys[n * cardinality(keys)::bigint / ranges] END
    FROM generate_series(1, ranges) n;
    RETURN run;
END $body$;
COMMENT ON FUNCTION churn_internal.begin_rescoring IS
    'The unfinished run of a profile under its active model, or else, or to restart, a '
    'new one. In place of an abandoned run: null where another one is done already.';
GRANT EXECUTE ON FUNCTION churn_internal.begin_rescoring TO churn_loader;
