CREATE OR REPLACE FUNCTION churn_internal."complaints_inserted_@id@"() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    key "@common_type@";
    complained_at timestamptz;
    version bigint;
    arms bytea;
    trusted_keys text[];
    ignored text;
BEGIN
    "@first_of_complaints@";
    -- Several complaints have neither a version nor arms. That there is one is told without
    -- aggregates, and where the two are joined: to set aggregates up took a twentieth of the
    -- whole INSERT, and a filter of its own a hundredth.
    SELECT c."@complaint_key@", "@complaint_time@", d.version, d.arms,
           "@trusted_keys@"
    INTO key, complained_at, version, arms, trusted_keys
    FROM inserted c
    LEFT JOIN churn_internal.sole_deployment("@id@") d
        ON NOT EXISTS (SELECT FROM inserted OFFSET 1);

    -- Twice while a release is under way: then the key says which version it is. An IF of
    -- its own would be set up in each transaction.
    LOOP
        IF version IS NOT NULL THEN
            -- The usual case, one complaint, in one UPDATE: it locks, counts, scores
            -- and writes the row at once. SET evaluates in the order of the columns, so
            -- the two after the score know whether there was one: without, score_changed
            -- leaves no current_schema. A sub-SELECT for the three of them cost a tenth of
            -- the whole INSERT, and a setting asked twice a thirtieth.
            -- Logged in the same statement: "@begin_log@"
            UPDATE "@profile@" p SET
                complaint_count = p.complaint_count + 1,
                last_complaint_at = greatest(p.last_complaint_at, complained_at),
                churn_score = coalesce(
                    churn_internal.score_changed(
                        "@id@", version, arms, trusted_keys, "@layout@",
                        "@integers@", "@doubles@", "@short_texts@"
                    ), p.churn_score
                ),
                churn_model_version = CASE
                    WHEN current_schema IS NULL THEN p.churn_model_version ELSE version
                END,
                churn_scored_at = CASE
                    WHEN current_schema IS NULL THEN p.churn_scored_at ELSE clock_timestamp()
                END
            WHERE p."@key@" OPERATOR("@equals_common@".=) key
            -- Logged: "@end_log@"
            ;
            IF current_schema IS NOT NULL THEN
                RETURN NULL;
            END IF;
            -- What this statement did besides, by a trigger, an upsert or a WITH, may have
            -- counted the new complaint already: then it is counted anew.
            IF current_setting('churn.score_failed') = 'recounted' THEN
                IF "@logged@" THEN
                    ignored := set_config('churn.score_cause', 'complaint', true);
                END IF;
                PERFORM churn_internal."write_profiles_@id@"(
                    ARRAY[key], NULL, ARRAY[complained_at]
                );
            ELSE
                PERFORM churn_internal.record_failures(
                    "@id@", version, ARRAY["@mark@"], ARRAY[NULL]::double precision[]
                );
            END IF;
        ELSIF octet_length(arms) = 92 THEN
            -- As churn_internal.deployment_for, which would be a second query.
            version := "@version_of_arm@";
            CONTINUE;
        -- In an experiment whoever is exposed has to be written down, by the rules.
        ELSIF churn_internal.is_exposed("@id@", arms, "@mark@") THEN
            version := "@version_of_arm@";
            CONTINUE;
        ELSE
            IF "@logged@" THEN
                ignored := set_config('churn.score_cause', 'complaint', true);
            END IF;
            PERFORM churn_internal."write_profiles_@id@"(
                array_agg(n.key),
                CASE WHEN NOT churn_internal.has_recounted(txid_current())
                     THEN array_agg(n.complaints) END,
                array_agg(n.latest), false
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
        END IF;
        RETURN NULL;
    END LOOP;
END $function$;
COMMENT ON FUNCTION churn_internal."complaints_inserted_@id@" IS '@complaints_comment@';
ALTER FUNCTION churn_internal."complaints_inserted_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."complaints_inserted_@id@" FROM PUBLIC;
