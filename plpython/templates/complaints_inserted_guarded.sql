-- For profiles on which others have triggers, checks and the like.
CREATE OR REPLACE FUNCTION churn_internal."complaints_inserted_@id@"() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    unusual boolean;
    recounted boolean;
    key "@common_type@";
    complained_at timestamptz;
    version bigint;
    arms bytea;
    trusted_keys text[];
    profile record;
    around bigint;
    written boolean;
    ignored_number bigint;
BEGIN
    "@first_of_complaints@";
    -- The usual case, one complaint that nobody can have counted yet. Two statements: one that
    -- joins took longer to set up; and few others, since each is set up in each transaction.
    SELECT c."@complaint_key@", "@complaint_time@", d.version, d.arms, "@trusted_keys@",
           churn_internal.may_have_recounted() OR EXISTS (SELECT FROM inserted OFFSET 1)
    INTO key, complained_at, version, arms, trusted_keys, unusual
    FROM inserted c
    LEFT JOIN churn_internal.sole_deployment(CASE WHEN NOT "@queued@" THEN "@id@" END) d ON true;
    IF unusual OR (version IS NULL AND NOT "@queued@") THEN
        IF unusual THEN
            -- Where this transaction has counted complaints anew, it may have counted these.
            recounted := churn_internal.may_have_recounted()
                AND churn_internal.has_recounted(txid_current());
            unusual := recounted OR EXISTS (SELECT FROM inserted OFFSET 1);
        END IF;
        -- In an experiment whoever is exposed has to be written down, by the rules.
        IF version IS NULL AND NOT unusual AND (
            octet_length(arms) = 92 OR churn_internal.is_exposed("@id@", arms, "@mark@")
        ) THEN
            version := "@version_of_arm@";
        END IF;
    END IF;
    -- The customer's row is not locked before it is written: should others change it
    -- meanwhile, the row is no longer there, or no longer theirs who wrote it last, and the
    -- rules are asked.
    SELECT p.ctid AS tid, p.tableoid AS relation, p.xmin AS writer,
           p.complaint_count + 1 AS complaints,
           greatest(p.last_complaint_at, complained_at) AS latest,
           p.churn_score AS former_score, p.churn_model_version AS former_version,
           p.churn_scored_at AS former_time,
           CASE WHEN NOT "@queued@" THEN churn_internal.score_changed(
               "@id@", version, arms, trusted_keys, "@layout@",
               "@integers@", "@doubles@", "@short_texts@"
           ) END AS score,
           current_setting('churn.writing', true) AS writing,
           churn_internal.own_write("@id@", pg_trigger_depth()) AS own
    INTO profile
    FROM "@profile@" p
    WHERE p."@key@" OPERATOR("@equals_common@".=) key AND NOT unusual
      AND (version IS NOT NULL OR "@queued@");
    IF profile.writing <> '' THEN
        around := churn_internal.write_under_way();
        profile.own := churn_internal.inner_write(around, profile.own);
    END IF;
    IF profile.own IS NOT NULL AND ("@queued@" OR profile.score IS NOT NULL) THEN
        BEGIN
            -- One expression, and a condition, take less than assignments. AND goes from left
            -- to right, as far as anything is true.
            written := setval('churn_internal.own_writes', profile.own) IS NOT NULL
                AND set_config('churn.writing', 'on', true) IS NOT NULL
                AND churn_internal."update_profile_@id@"(
                    profile.tid, profile.relation, profile.writer, profile.complaints,
                    profile.latest, coalesce(profile.score, profile.former_score),
                    version,
                    CASE WHEN "@queued@" THEN profile.former_time ELSE clock_timestamp() END
                );
            IF setval('churn_internal.own_writes', coalesce(around, 0)) IS NULL
                OR set_config('churn.writing', profile.writing, true) IS NULL
            THEN
            END IF;
        -- OTHERS are neither assertions nor cancels, which go on.
        EXCEPTION WHEN OTHERS OR assert_failure OR query_canceled THEN
            -- Else a write of others, later, could pass for this one, and one around it could not.
            ignored_number := setval('churn_internal.own_writes', coalesce(around, 0));
            -- Whoever waits for the transaction has to hear of deadlocks and the like.
            IF SQLSTATE ~ '^(40|57)' THEN
                RAISE;
            END IF;
        END;
    END IF;
    IF written IS NOT TRUE THEN
        -- By the rules, which say what to do about it.
        PERFORM churn_internal."write_profiles_@id@"(
            array_agg(n.key),
            CASE WHEN NOT (
                    churn_internal.may_have_recounted()
                    AND churn_internal.has_recounted(txid_current())
                 )
                 THEN array_agg(n.complaints) END,
            array_agg(n.latest), "@queued@"
        )
        FROM (
            SELECT c."@complaint_key@"::"@common_order@" AS key, count(*) AS complaints,
                   max("@complaint_time@") AS latest
            FROM inserted c WHERE c."@complaint_key@" IS NOT NULL
            GROUP BY 1
            -- Not in each aggregate, which would sort for itself.
            ORDER BY 1
        ) n
        HAVING count(*) > 0;
    ELSIF "@queued@" AND (profile.former_score IS NULL OR profile.former_version IS NOT NULL)
    THEN
        PERFORM churn_internal.enqueue_profiles(
            "@id@", ARRAY["@mark@"], ARRAY[profile.former_score IS NOT NULL]
        );
    END IF;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION churn_internal."complaints_inserted_@id@" IS '@complaints_comment@';
ALTER FUNCTION churn_internal."complaints_inserted_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."complaints_inserted_@id@" FROM PUBLIC;
