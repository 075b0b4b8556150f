CREATE OR REPLACE FUNCTION churn_internal.template_rescore_profiles() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."rescore_profiles_@id@"(
    after_key text, through_key text, batch_size integer,
    OUT last_key text, OUT rows_done bigint
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- So that the conditions on the key become bounds of the index, or go.
SET plan_cache_mode = force_custom_plan
-- So that rows are written, and locked, in the order of the arrays or of the key.
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
-- So that rows are written by their places, which they have just been read from.
SET random_page_cost = 0
-- Where what is off is the only way, it is priced so high that PostgreSQL would compile the
-- plan, which takes longer than a batch.
SET jit = off AS $function$
#variable_conflict use_variable
DECLARE
    first @key_type@ := after_key::@key_type@;
    last @key_type@ := through_key::@key_type@;
    active record;
    profiles record;
    challenged boolean[];
    scores double precision[];
    written bigint;
BEGIN
    PERFORM set_config('churn.score_cause', 'batch', true);
    SELECT d.*, @trusted_keys@ AS trusted_keys INTO active
    FROM churn_internal.active_deployment(@id@) d;
    SELECT array_agg(r.tid) AS tids, array_agg(r.writer) AS writers,
           array_agg(r.key) AS keys, churn_internal.array_image(array_agg(r.numbers)) AS numbers,
           @text_rows@ AS texts
    INTO profiles
    FROM (
        SELECT p.ctid AS tid, p.xmin AS writer, p.@key@ AS key, @numbers@ AS numbers,
               @texts@ AS texts
        FROM @profile@ p
        WHERE (first IS NULL OR p.@key@ @is_after@ first)
          AND (last IS NULL OR p.@key@ @is_through@ last)
        ORDER BY p.@key@
        LIMIT batch_size
    ) r;
    rows_done := coalesce(cardinality(profiles.keys), 0);
    IF rows_done = 0 THEN
        RETURN;
    END IF;
    last_key := profiles.keys[rows_done];
    IF @guarded@ THEN
        PERFORM churn_internal."write_profiles_@id@"(
            profiles.keys::@common_type@[],
            array_fill(0::bigint, ARRAY[cardinality(profiles.keys)]), NULL
        );
        RETURN;
    END IF;
    IF active.share IS NOT NULL THEN
        challenged := churn_internal.arms(profiles.keys::text[], active.salt, active.share);
    END IF;
    scores := churn_internal.score_batch(
        @id@, active.version, active.artifact_sha256, active.trusted_keys, @layout@,
        profiles.numbers, profiles.texts, NULL, active.challenger, active.challenger_sha256,
        challenged
    );
    -- Locking the rows before reading them would write each of them twice. So one that
    -- somebody has changed meanwhile, which is at another place or has another writer,
    -- is found out here, and then the whole batch is done again by the rules: its locks
    -- are let go, because more of them would not be taken in the order of keys. So it is
    -- where a row got no score, since only one that is locked may be marked.
    BEGIN
        IF array_position(scores, NULL) IS NOT NULL THEN
            RAISE SQLSTATE 'CH001';
        END IF;
        -- Logged in the same statement: @begin_log@
        UPDATE @profile@ p SET
            churn_score = new.score,
            churn_model_version = CASE
                WHEN new.challenged THEN active.challenger ELSE active.version
            END,
            churn_scored_at = clock_timestamp()
        -- In FROM each array would be copied into a table of its own first.
        FROM (
            SELECT unnest(profiles.tids) AS tid, unnest(profiles.writers) AS writer,
                   unnest(profiles.keys) AS key, unnest(scores) AS score,
                   unnest(challenged) AS challenged
        ) new
        WHERE p.ctid = new.tid AND p.xmin = new.writer
          AND p.@key@ @equals_key@ new.key
        -- How many it were is in written. @end_log@
        ;
        IF written < rows_done THEN
            RAISE SQLSTATE 'CH001';
        END IF;
        IF active.share IS NOT NULL THEN
            PERFORM churn_internal.record_exposures(@id@, profiles.keys::text[], scores);
        END IF;
    EXCEPTION WHEN SQLSTATE 'CH001' THEN
        PERFORM churn_internal."write_profiles_@id@"(
            profiles.keys::@common_type@[],
            array_fill(0::bigint, ARRAY[cardinality(profiles.keys)]), NULL
        );
    END;
END $function$;
COMMENT ON FUNCTION churn_internal."rescore_profiles_@id@" IS
    'Scores the first batch of the profiles after a key and through another; null: no '
    'bound. Says its last key and how many rows there were.';
ALTER FUNCTION churn_internal."rescore_profiles_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."rescore_profiles_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_rescore_profiles IS 'Template: see churn_trust.fill_template.';
