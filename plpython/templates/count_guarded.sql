-- The usual case, one complaint, of a profile on which others have triggers and the like.
CREATE OR REPLACE FUNCTION churn_internal."count_guarded_@id@"(
    key "@common_type@", complained_at timestamptz, version bigint, digest bytea,
    trusted_keys text[]
) RETURNS boolean LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    profile record;
    entered text;
    written boolean;
    ignored text;
BEGIN
    -- Not locked before it is written: should others change it meanwhile, the row is no
    -- longer there, or no longer theirs who wrote it last, and the rules are asked.
    SELECT p.ctid AS tid, p.tableoid AS relation, p.xmin AS writer, p.complaint_count + 1 AS complaints,
           greatest(p.last_complaint_at, complained_at) AS latest, p.churn_score AS former_score,
           p.churn_model_version AS former_version, p.churn_scored_at AS former_time,
           CASE WHEN NOT "@queued@" THEN churn_internal.score_changed(
               "@id@", version, digest, trusted_keys, "@layout@", "@numbers@", "@texts@"
           ) END AS score
    INTO profile
    FROM "@profile@" p WHERE p."@key@" OPERATOR("@equals_common@".=) key;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF "@queued@" OR profile.score IS NOT NULL THEN
        BEGIN
            entered := churn_internal.enter(
                'write @id@', pg_trigger_depth(), txid_current(),
                current_setting('churn.entered', true), most => 2
            );
            IF entered IS NOT NULL THEN
                ignored := set_config('churn.entered', entered, true);
                written := churn_internal."update_profile_@id@"(
                    profile.tid, profile.relation, profile.writer, profile.complaints, profile.latest,
                    coalesce(profile.score, profile.former_score), version,
                    CASE WHEN "@queued@" THEN profile.former_time ELSE clock_timestamp() END
                );
                ignored := set_config('churn.entered', churn_internal.leave(entered), true);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            -- Else a write of others, later, could pass for this one.
            ignored := churn_internal.leave(entered);
            -- Whoever waits for the transaction has to hear of deadlocks and the like.
            IF SQLSTATE ~ '^(40|57)' THEN
                RAISE;
            END IF;
            written := false;
        END;
    END IF;
    IF written IS NOT TRUE THEN
        -- By the rules, which say what to do about it.
        PERFORM churn_internal."write_profiles_@id@"(
            ARRAY[key],
            CASE WHEN NOT churn_internal.has_recounted(txid_current()) THEN ARRAY[1::bigint] END,
            ARRAY[complained_at], "@queued@"
        );
    ELSIF "@queued@" AND (profile.former_score IS NULL OR profile.former_version IS NOT NULL) THEN
        PERFORM churn_internal.enqueue_profiles(
            "@id@", ARRAY["@mark@"], ARRAY[profile.former_score IS NOT NULL]
        );
    END IF;
    RETURN true;
END $function$;
COMMENT ON FUNCTION churn_internal."count_guarded_@id@" IS
    'Counts one complaint and scores or enqueues its customer, whatever others have put on '
    'the profile.';
ALTER FUNCTION churn_internal."count_guarded_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."count_guarded_@id@" FROM PUBLIC;
