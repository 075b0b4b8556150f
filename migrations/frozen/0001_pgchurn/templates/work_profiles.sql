CREATE OR REPLACE FUNCTION churn_internal.template_work_profiles() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."work_profiles_@id@"(
    batch_size integer, OUT scored bigint, OUT failed bigint
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
-- So that a batch reads the oldest marks by their index and their profiles by key,
-- however many more there are.
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
-- Where what is off is the only way, it is priced so high that PostgreSQL would compile the
-- plan, which takes longer than a batch.
SET jit = off AS $function$
#variable_conflict use_variable
DECLARE
    started CONSTANT timestamptz := clock_timestamp();
    active record;
    profiles record;
    challenged boolean[];
    scores double precision[];
BEGIN
    batch_size := least(batch_size, @most_rows@);
    PERFORM set_config('churn.score_cause', 'queue', true);
    scored := 0;
    failed := 0;
    SELECT d.*, @trusted_keys@ AS trusted_keys INTO active
    FROM churn_internal.active_deployment(@id@) d;
    IF active.version IS NULL THEN
        RETURN;
    END IF;
    -- It waits for nobody: what a writer or another worker holds keeps its marks. Whoever
    -- changes a profile locks it before looking for its mark, and a mark is taken away
    -- only under that lock, from a row that was read under it: no change is missed. So
    -- the profile is locked first: who holds it finds all its marks free.
    SELECT array_agg(r.tid) AS tids, array_agg(r.key) AS keys,
           array_agg(r.mark) AS marks, array_agg(r.mark_tid) AS mark_tids,
           array_agg(r.enqueued_at) AS enqueued_at,
           bool_or(r.uncounted) AS uncounted, array_agg(DISTINCT r.key) AS customers,
           churn_internal.array_image(array_agg(r.numbers)) AS numbers, @text_rows@ AS texts
    INTO profiles
    FROM (
        SELECT * FROM (
            SELECT p.ctid AS tid, p.@key@ AS key, m.key AS mark, m.ctid AS mark_tid,
                   m.enqueued_at, m.enqueued_at AS due_at, @guarded@ AS uncounted,
                   @numbers@ AS numbers, @texts@ AS texts
            FROM churn_internal.pending_profiles m
            JOIN @profile@ p ON p.@key@ @equals_key@ m.key::@key_order@
            WHERE m.attachment_id = @id@
            ORDER BY m.enqueued_at
            LIMIT batch_size
            FOR NO KEY UPDATE OF p SKIP LOCKED FOR UPDATE OF m SKIP LOCKED
        ) changed
        UNION ALL
        SELECT * FROM (
            SELECT p.ctid AS tid, p.@key@ AS key, m.key AS mark, NULL::tid,
                   m.enqueued_at, m.due_at, m.uncounted OR @guarded@,
                   @numbers@ AS numbers, @texts@ AS texts
            FROM churn_internal.failed_profiles m
            JOIN @profile@ p ON p.@key@ @equals_key@ m.key::@key_order@
            WHERE m.attachment_id = @id@ AND m.due_at <= statement_timestamp()
            ORDER BY m.due_at
            LIMIT batch_size
            FOR NO KEY UPDATE OF p SKIP LOCKED FOR UPDATE OF m SKIP LOCKED
        ) unscored
        ORDER BY due_at
        LIMIT batch_size
    ) r;
    IF profiles.uncounted THEN
        -- Complaints may be missing in the rows, which are counted, scored and written by
        -- the rules; and what others have put on the table asks for that in any case.
        DELETE FROM churn_internal.pending_profiles m
        USING unnest(profiles.mark_tids) done (tid)
        WHERE m.ctid = done.tid;
        PERFORM churn_internal."write_profiles_@id@"(
            profiles.customers::@common_type@[], NULL, NULL, on_error => 'keep'
        );
        DELETE FROM churn_internal.failed_profiles m
        USING unnest(profiles.marks) k (mark)
        WHERE m.attachment_id = @id@ AND m.key = k.mark
          AND (m.last_failed_at >= started) IS NOT TRUE;
        failed := (
            SELECT count(DISTINCT m.key)
            FROM churn_internal.failed_profiles m
            JOIN unnest(profiles.marks) k (mark) ON m.key = k.mark
            WHERE m.attachment_id = @id@
        );
        scored := cardinality(profiles.customers) - failed;
    ELSIF profiles.tids IS NOT NULL THEN
        -- Complaints are committed, so a failure is never an error: it would hold up
        -- the whole queue.
        IF active.share IS NOT NULL THEN
            challenged := churn_internal.arms(
                profiles.keys::text[], active.salt, active.share
            );
        END IF;
        scores := churn_internal.score_batch(
            @id@, active.version, active.artifact_sha256, active.trusted_keys, @layout@,
            profiles.numbers, profiles.texts, 'keep', active.challenger,
            active.challenger_sha256, challenged
        );
        -- Before the profiles are written: if that changes features in turn, by a
        -- generated column or a trigger, they are marked again.
        DELETE FROM churn_internal.pending_profiles m
        USING unnest(profiles.mark_tids) done (tid)
        WHERE m.ctid = done.tid;
        DELETE FROM churn_internal.failed_profiles m
        USING unnest(profiles.marks, scores) s (key, score)
        WHERE m.attachment_id = @id@ AND m.key = s.key AND s.score IS NOT NULL;
        -- Logged in the same statement: @begin_log@
        UPDATE @profile@ p SET
            churn_score = new.score,
            churn_model_version = CASE
                WHEN new.challenged THEN active.challenger ELSE active.version
            END,
            churn_scored_at = clock_timestamp()
        FROM unnest(profiles.tids, profiles.keys, scores, challenged)
            new (tid, key, score, challenged)
        WHERE p.ctid = new.tid AND p.@key@ @equals_key@ new.key
          AND new.score IS NOT NULL
        -- How many it were is in scored: once each, however many marks a customer has.
        -- Scored in another way meanwhile, one who waits is marked anew by the next
        -- complaint. @end_log@
        ;
        failed := (
            SELECT count(DISTINCT s.mark)
            FROM unnest(profiles.marks, scores) s (mark, score) WHERE s.score IS NULL
        );
        IF failed > 0 THEN
            PERFORM churn_internal.record_failures(
                @id@, active.version, profiles.marks, scores, profiles.enqueued_at,
                active.challenger, challenged
            );
        END IF;
        IF active.share IS NOT NULL THEN
            PERFORM churn_internal.record_exposures(@id@, profiles.keys::text[], scores);
        END IF;
    END IF;
    IF scored + failed < batch_size THEN
        PERFORM churn_internal."dequeue_missing_profiles_@id@"(array_agg(m.key))
        FROM (
            SELECT m.key FROM churn_internal.failed_profiles m
            WHERE m.attachment_id = @id@ AND m.due_at <= statement_timestamp()
            UNION ALL
            SELECT m.key FROM churn_internal.pending_profiles m WHERE m.attachment_id = @id@
        ) m;
    END IF;
END $function$;
COMMENT ON FUNCTION churn_internal."work_profiles_@id@" IS
    'Scores the profiles that were marked first, and clears their marks.';
ALTER FUNCTION churn_internal."work_profiles_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."work_profiles_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_work_profiles IS 'Template: see churn_trust.fill_template.';
