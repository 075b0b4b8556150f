CREATE OR REPLACE FUNCTION churn_internal.template_complaints_inserted_queued() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
-- No model and no Python: customers are counted, and enqueued for churn.work.
CREATE OR REPLACE FUNCTION churn_internal."complaints_inserted_@id@"() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    key @common_type@;
    complained_at timestamptz;
    unusual boolean;
    recounted boolean;
BEGIN
    @first_of_complaints@;
    -- Several complaints, or that this transaction may have counted them already, are told
    -- in one look. What makes certain is asked apart, since all that an expression may call
    -- is set up before: that took a thirtieth of the whole INSERT.
    SELECT c.@complaint_key@, @complaint_time@,
           churn_internal.may_have_recounted() OR EXISTS (SELECT FROM inserted OFFSET 1)
    INTO key, complained_at, unusual
    FROM inserted c;

    -- Twice where what may have been is not. An IF of its own would be set up in each
    -- transaction.
    LOOP
        IF NOT unusual THEN
            -- A customer who waits already has a score without a version, which the UPDATE
            -- sees under the lock of the row: looking for the pending row itself took a
            -- quarter of the whole INSERT. For the same reason the usual one goes to a
            -- table that nothing holds unique. Who does not wait leaves no current_schema,
            -- which costs least to ask, and which this function's end takes back: there is
            -- no schema of the name ''.
            UPDATE @profile@ p SET
                complaint_count = p.complaint_count + 1,
                last_complaint_at = greatest(p.last_complaint_at, complained_at),
                churn_model_version = CASE
                    WHEN (p.churn_score IS NULL OR p.churn_model_version IS NOT NULL)
                         AND set_config(
                            'search_path',
                            CASE WHEN p.churn_score IS NULL THEN '""' ELSE '' END, true
                         ) IS NULL
                        THEN p.churn_model_version
                END
            WHERE p.@key@ @equals_common@ key;
            IF current_schema IS NULL THEN
                IF current_setting('search_path') = '' THEN
                    INSERT INTO churn_internal.pending_profiles (attachment_id, key)
                    VALUES (@id@, @mark@);
                ELSE
                    PERFORM churn_internal.enqueue_profiles(
                        @id@, ARRAY[@mark@], ARRAY[false]
                    );
                END IF;
            END IF;
        -- Null: there is none.
        ELSIF unusual THEN
            recounted := churn_internal.may_have_recounted()
                AND churn_internal.has_recounted(txid_current());
            unusual := recounted OR EXISTS (SELECT FROM inserted OFFSET 1);
            IF NOT unusual THEN
                CONTINUE;
            END IF;
            -- What may have been counted already is counted anew.
            PERFORM churn_internal."write_profiles_@id@"(
                array_agg(n.key),
                CASE WHEN NOT recounted THEN array_agg(n.complaints) END,
                array_agg(n.latest), true
            )
            FROM (
                SELECT c.@complaint_key@::@common_order@ AS key, count(*) AS complaints,
                       max(@complaint_time@) AS latest
                FROM inserted c WHERE c.@complaint_key@ IS NOT NULL
                GROUP BY 1
                -- Not in each aggregate, which would sort for itself.
                ORDER BY 1
            ) n
            HAVING count(*) > 0;
        END IF;
        RETURN NULL;
    END LOOP;
END $function$;
COMMENT ON FUNCTION churn_internal."complaints_inserted_@id@" IS @complaints_comment@;
ALTER FUNCTION churn_internal."complaints_inserted_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."complaints_inserted_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_complaints_inserted_queued IS 'Template: see churn_trust.fill_template.';
