CREATE OR REPLACE FUNCTION churn_internal."write_profiles_@id@"(
    changed "@common_type@"[], new_complaints bigint[], latest_complaints timestamptz[],
    queued boolean DEFAULT false, overwritten boolean DEFAULT false,
    on_error text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Planning for each batch anew took longer than reading a small one.
SET plan_cache_mode = force_generic_plan AS $function$
#variable_conflict use_variable
DECLARE
    -- Bounds the memory that a statement takes, however many customers it touches.
    batch_size CONSTANT integer := least(5000, "@most_rows@");
    batch_end integer;
    active record;
    recounted "@common_type@"[];
    profiles record;
    challenged boolean[];
    scores double precision[];
    guarded record;
BEGIN
    SELECT d.*, "@trusted_keys@" AS trusted_keys INTO active
    FROM churn_internal.active_deployment(CASE WHEN NOT queued THEN "@id@" END) d;
    FOR batch_start IN 1 .. cardinality(changed) BY batch_size LOOP
        batch_end := batch_start + batch_size - 1;
        recounted := ARRAY(
            SELECT given.key
            FROM unnest(
                changed[batch_start:batch_end], new_complaints[batch_start:batch_end]
            ) given (key, complaints)
            WHERE given.complaints IS NULL
        );
        IF cardinality(recounted) > 0 THEN
            PERFORM churn_trust.note_recount(txid_current());
            PERFORM set_config('churn.score_failed', 'recounted', true);
            -- Locked by a statement of its own, so that the next one, which counts,
            -- sees all that was committed before the locks.
            PERFORM FROM "@profile@" p
            WHERE p."@key@" OPERATOR("@equals_common@".=) ANY (changed[batch_start:batch_end])
            ORDER BY p."@key@"
            FOR NO KEY UPDATE;
            -- A key that comes into being may have a mark from before: see
            -- churn_internal.enqueue_profiles, which may find it in this transaction.
            PERFORM FROM churn_internal.failed_profiles m
            WHERE m.attachment_id = "@id@" AND m.key = ANY ("@recounted_marks@" COLLATE "C")
            FOR UPDATE;
        END IF;

        -- Locks in key order, so that two statements never wait for each other in a
        -- ring, and no more than NO KEY UPDATE, so that foreign keys are not held up.
        SELECT array_agg(r.tid) AS tids, array_agg(r.relation) AS relations,
               array_agg(r.key) AS keys, array_agg(r.complaints) AS counts,
               array_agg(r.latest) AS latests, array_agg(r.has_score) AS have_scores,
               churn_internal.array_image(
                   array_agg(r.numbers) FILTER (WHERE NOT queued)
               ) AS numbers,
               "@unqueued_text_rows@" AS texts
        INTO profiles
        FROM (
            SELECT p.ctid AS tid, p.tableoid AS relation, p."@key@" AS key, n.complaints,
                   n.latest,
                   -- Null: waits already, unless somebody wrote that there.
                   CASE
                       WHEN p.churn_score IS NULL
                            OR (overwritten AND given.complaints IS NULL) THEN false
                       WHEN p.churn_model_version IS NOT NULL THEN true
                   END AS has_score,
                   CASE WHEN NOT queued THEN "@numbers@" END AS numbers,
                   CASE WHEN NOT queued THEN "@texts@" END AS texts
            FROM "@profile@" p
            JOIN unnest(
                changed[batch_start:batch_end], new_complaints[batch_start:batch_end],
                latest_complaints[batch_start:batch_end]
            ) given (key, complaints, latest) ON p."@key@" OPERATOR("@equals_common@".=) given.key
            LEFT JOIN (
                SELECT c."@complaint_key@"::"@common_order@" AS key, count(*) AS complaints,
                       max("@complaint_time@") AS latest
                FROM "@complaints@" c
                WHERE cardinality(recounted) > 0
                  AND c."@complaint_key@"::"@reference_order@"
                      OPERATOR("@reference_equals@".=) ANY (recounted)
                GROUP BY 1
            ) counted ON p."@key@" OPERATOR("@equals_common@".=) counted.key
            CROSS JOIN LATERAL (
                SELECT CASE
                           WHEN given.complaints IS NULL
                               THEN coalesce(counted.complaints, 0)
                           ELSE p.complaint_count + given.complaints
                       END,
                       CASE
                           WHEN given.complaints IS NULL AND counted.complaints IS NULL
                               THEN NULL
                           WHEN given.complaints IS NULL THEN "@latest@"
                           ELSE greatest(p.last_complaint_at, given.latest)
                       END
            ) n (complaints, latest)
            ORDER BY p."@key@"
            FOR NO KEY UPDATE OF p
        ) r;

        scores := NULL;
        IF active.share IS NOT NULL THEN
            challenged := churn_internal.arms(
                profiles.keys::text[], active.salt, active.share
            );
        END IF;
        IF active.version IS NOT NULL AND profiles.tids IS NOT NULL THEN
            scores := churn_internal.score_batch(
                "@id@", active.version, active.artifact_sha256, active.trusted_keys, "@layout@",
                profiles.numbers, profiles.texts, on_error, active.challenger,
                active.challenger_sha256, challenged
            );
        END IF;

        IF "@guarded@" THEN
            SELECT w.* INTO guarded
            FROM (
                SELECT array_agg(p."@key@"::text) AS keys, array_agg(p.ctid) AS tids,
                       array_agg(p.tableoid) AS relations,
                       array_agg(new.complaints) AS counts, array_agg(new.latest) AS latests,
                       array_agg(coalesce(new.score, p.churn_score)) AS scores,
                       array_agg(CASE
                           WHEN queued THEN NULL
                           WHEN new.score IS NULL THEN p.churn_model_version
                           WHEN new.challenged THEN active.challenger
                           ELSE active.version
                       END) AS versions,
                       array_agg(CASE
                           WHEN new.score IS NULL THEN p.churn_scored_at ELSE clock_timestamp()
                       END) AS times
                FROM unnest(
                    profiles.tids, profiles.keys, profiles.counts, profiles.latests, scores,
                    challenged
                ) new (tid, key, complaints, latest, score, challenged)
                JOIN "@profile@" p ON p.ctid = new.tid
                    AND p."@key@" OPERATOR("@equals_key@".=) new.key
                WHERE new.score IS NOT NULL
                   OR (queued AND p.churn_model_version IS NOT NULL)
                   OR (p.complaint_count, p.last_complaint_at)
                      IS DISTINCT FROM (new.complaints, new.latest)
                HAVING count(*) > 0
            ) due
            CROSS JOIN LATERAL churn_internal."write_guarded_@id@"(
                active.version, on_error, due.keys, due.tids, due.relations, due.counts,
                due.latests, due.scores, due.versions, due.times
            ) w;
            IF guarded.failed > 0 THEN
                PERFORM churn_internal.warn(
                    CASE
                        WHEN guarded.failed = 1
                            THEN format('a row of %s was not written', "@profile_name@")
                        ELSE format(
                            '%s rows of %s were not written', guarded.failed, "@profile_name@"
                        )
                    END,
                    guarded.reason,
                    format('churn.health has the reasons, and CALL churn.repair(%L) mends the '
                           'rows when they are gone.', "@profile_name@")
                );
            END IF;
        ELSE
            PERFORM churn_internal."store_profiles_@id@"(
                profiles.tids, profiles.relations, profiles.counts, profiles.latests, scores,
                challenged, queued, active.version, active.challenger
            );
        END IF;
        IF queued AND profiles.tids IS NOT NULL THEN
            PERFORM churn_internal.enqueue_profiles(
                "@id@", profiles.keys::text[], profiles.have_scores
            );
        ELSE
            IF array_position(scores, NULL) IS NOT NULL THEN
                PERFORM churn_internal.record_failures(
                    "@id@", active.version, profiles.keys::text[], scores,
                    challenger => active.challenger, challenged => challenged
                );
            END IF;
            IF active.share IS NOT NULL THEN
                PERFORM churn_internal.record_exposures("@id@", profiles.keys::text[], scores);
            END IF;
        END IF;
    END LOOP;
END $function$;
COMMENT ON FUNCTION churn_internal."write_profiles_@id@" IS
    'Locks profiles in key order, adds complaints or, where new_complaints is null, '
    'counts them anew, scores the rows, or marks them where queued, and writes each of '
    'them once. Overwritten: those counted anew may hold what others wrote.';
ALTER FUNCTION churn_internal."write_profiles_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."write_profiles_@id@" FROM PUBLIC;
