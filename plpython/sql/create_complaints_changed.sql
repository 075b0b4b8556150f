CREATE OR REPLACE FUNCTION churn_internal.create_complaints_changed(
    attachment churn.attachments, placeholders jsonb
)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    -- Whether it is one complaint is told without aggregates: to set them up took a
    -- twentieth of the whole INSERT.
    inline_case CONSTANT text := $inline$
        SELECT c.@complaint_key@, @complaint_time@, d.version, d.artifact_sha256
        INTO key, complained_at, version, digest
        FROM inserted c LEFT JOIN churn_internal.active_deployment(@id@) d ON true
        WHERE NOT EXISTS (SELECT FROM inserted OFFSET 1);

        -- What this statement did besides, by a trigger, an upsert or a WITH, may have
        -- counted the new complaints already: then they are counted anew. The setting
        -- is a hint and no more: anybody may SET it.
        IF current_setting('churn.score_failed', true) <> '' THEN
            recounted := churn_internal.has_recounted(txid_current());
            IF NOT recounted THEN
                mark := set_config('churn.score_failed', '', true);
            END IF;
        END IF;
        IF FOUND AND version IS NOT NULL AND NOT recounted THEN
            -- The usual case, one complaint, in one UPDATE: it locks, counts, scores
            -- and writes the row at once. SET evaluates in the order of the columns, so
            -- the two after the score know whether there was one; a sub-SELECT for the
            -- three of them cost a tenth of the whole INSERT.
            UPDATE @profile@ p SET
                complaint_count = p.complaint_count + 1,
                last_complaint_at = greatest(p.last_complaint_at, complained_at),
                churn_score = coalesce(
                    churn_internal.score_changed(
                        @id@, version, digest, @layout@, @numbers@, @texts@
                    ), p.churn_score
                ),
                churn_model_version = CASE
                    WHEN current_setting('churn.score_failed', true) <> ''
                        THEN p.churn_model_version
                    ELSE version
                END,
                churn_scored_at = CASE
                    WHEN current_setting('churn.score_failed', true) <> ''
                        THEN p.churn_scored_at
                    ELSE clock_timestamp()
                END
            WHERE p.@key@ = key;
            failure := current_setting('churn.score_failed', true);
            IF failure = 'recounted' THEN
                PERFORM churn_internal.write_profiles_@id@(
                    ARRAY[key], NULL, ARRAY[complained_at]
                );
            ELSIF failure <> '' THEN
                PERFORM churn_internal.record_failures(
                    @id@, version, ARRAY[key::text], ARRAY[NULL]::double precision[]
                );
            END IF;
$inline$;
    -- No model and no Python. A customer who is marked already has a score without a
    -- version, which the UPDATE sees under the lock of the row: looking for the mark
    -- itself took a quarter of the whole INSERT. For the same reason the usual mark goes
    -- to a table that nothing holds unique. SET churn.unmarked says nothing that
    -- matters: it makes a mark more.
    queued_case CONSTANT text := $queued$
        SELECT c.@complaint_key@, @complaint_time@ INTO key, complained_at
        FROM inserted c WHERE NOT EXISTS (SELECT FROM inserted OFFSET 1);

        -- Where this transaction may have counted the new complaints already, they are
        -- counted anew.
        IF FOUND AND NOT (@recounted@) THEN
            UPDATE @profile@ p SET
                complaint_count = p.complaint_count + 1,
                last_complaint_at = greatest(p.last_complaint_at, complained_at),
                churn_model_version = CASE
                    WHEN (p.churn_score IS NULL OR p.churn_model_version IS NOT NULL)
                         AND set_config(
                            'churn.unmarked', (p.churn_score IS NOT NULL)::text, true
                         ) IS NULL
                        THEN p.churn_model_version
                END
            WHERE p.@key@ = key;
            IF current_setting('churn.unmarked', true) <> '' THEN
                IF current_setting('churn.unmarked') = 'true' THEN
                    INSERT INTO churn_internal.pending_profiles (attachment_id, key)
                    VALUES (@id@, key::text);
                    woken := churn_internal.wake_workers();
                ELSIF current_setting('churn.unmarked') = 'false' THEN
                    PERFORM churn_internal.enqueue_profiles(@id@, ARRAY[key::text], ARRAY[false]);
                END IF;
                mark := set_config('churn.unmarked', '', true);
            END IF;
$queued$;
BEGIN
    PERFORM churn_internal.create_from_template(replace($template$
CREATE OR REPLACE FUNCTION churn_internal.complaints_changed_@id@()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    key @key_type@;
    keys @key_type@[];
    complained_at timestamptz;
    version bigint;
    digest bytea;
    recounted boolean := false;
    failure text;
    mark text;
    woken boolean;
BEGIN
    @note_complaint@
    IF TG_OP = 'INSERT' THEN
@usual_case@        ELSE
            PERFORM churn_internal.write_profiles_@id@(
                array_agg(n.key ORDER BY n.key),
                CASE WHEN NOT (@recounted@)
                     THEN array_agg(n.complaints ORDER BY n.key) END,
                array_agg(n.latest ORDER BY n.key), @queued@
            )
            FROM (
                SELECT c.@complaint_key@::@key_type@ AS key, count(*) AS complaints,
                       max(@complaint_time@) AS latest
                FROM inserted c WHERE c.@complaint_key@ IS NOT NULL
                GROUP BY 1
            ) n
            HAVING count(*) > 0;
        END IF;
        RETURN NULL;
    END IF;

    -- What is taken away or moved is counted anew.
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT c.@complaint_key@::@key_type@) INTO keys
        FROM deleted c WHERE c.@complaint_key@ IS NOT NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT m.key) INTO keys
        FROM (
            SELECT n.key FROM (
                SELECT c.@complaint_key@::@key_type@, @complaint_time@, 1 FROM updated c
                UNION ALL
                SELECT c.@complaint_key@::@key_type@, @complaint_time@, -1 FROM former c
            ) n (key, at, change)
            WHERE n.key IS NOT NULL
            GROUP BY n.key, n.at HAVING sum(n.change) <> 0
        ) m;
    ELSE
        -- TRUNCATE also takes complaints away that came after this transaction's
        -- snapshot. Whose they were cannot be seen, but locking their rows fails.
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            PERFORM FROM @profile@ p ORDER BY p.@key@ FOR NO KEY UPDATE;
        END IF;
        SELECT array_agg(p.@key@ ORDER BY p.@key@) INTO keys
        FROM @profile@ p
        WHERE p.complaint_count <> 0 OR p.last_complaint_at IS NOT NULL;
    END IF;
    PERFORM churn_internal.write_profiles_@id@(keys, NULL, NULL, @queued@)
    WHERE keys IS NOT NULL;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION churn_internal.complaints_changed_@id@ IS @complaints_comment@;
ALTER FUNCTION churn_internal.complaints_changed_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.complaints_changed_@id@ FROM PUBLIC;
$template$, '@usual_case@', CASE attachment.scoring_mode
        WHEN 'queued' THEN queued_case ELSE inline_case
    END), placeholders || jsonb_build_object(
        'recounted', CASE attachment.scoring_mode
            WHEN 'queued'
                THEN $hint$(current_setting('churn.score_failed', true) <> '') IS TRUE$hint$
            ELSE 'churn_internal.has_recounted(txid_current())'
        END
    ) || to_jsonb(churn_internal.feature_arrays(
        attachment, 'p', '(p.complaint_count + 1)', 'NULL'
    )));
END
$body$;
COMMENT ON FUNCTION churn_internal.create_complaints_changed IS
    'Writes the trigger function of an attachment''s complaints.';
ALTER FUNCTION churn_internal.create_complaints_changed OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.create_complaints_changed FROM PUBLIC;
