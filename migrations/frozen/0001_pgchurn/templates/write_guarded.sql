CREATE OR REPLACE FUNCTION churn_internal.template_write_guarded() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
-- For profiles on which others have triggers, checks and the like: what these raise costs
-- the profile's score and no complaint.
CREATE OR REPLACE FUNCTION churn_internal."write_guarded_@id@"(
    version bigint, on_error text, keys text[], tids tid[], relations oid[], counts bigint[],
    latests timestamptz[], scores double precision[], versions bigint[], times timestamptz[],
    OUT failed bigint, OUT reason text
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    size CONSTANT integer := cardinality(tids);
    middle CONSTANT integer := size / 2;
    writing CONSTANT text := current_setting('churn.writing', true);
    around bigint := 0;
    own bigint;
    written bigint;
    state text;
    half record;
BEGIN
    failed := 0;
    own := churn_internal.own_write(@id@, pg_trigger_depth());
    IF writing <> '' THEN
        around := churn_internal.write_under_way();
        own := churn_internal.inner_write(around, own);
    END IF;
    BEGIN
        IF own IS NULL THEN
            RAISE triggered_data_change_violation USING
                MESSAGE = format('%s is written again and again', @profile_name@),
                HINT = 'A trigger of it changes features, or complains, whenever it is written.';
        END IF;
        PERFORM setval('churn_internal.own_writes', own),
                set_config('churn.writing', 'on', true);
        written := churn_internal."update_profiles_@id@"(
            tids, relations, counts, latests, scores, versions, times
        );
        PERFORM setval('churn_internal.own_writes', around),
                set_config('churn.writing', writing, true);
        IF written = size THEN
            RETURN;
        END IF;
        RAISE triggered_data_change_violation USING
            MESSAGE = format('%s keeps the row as it is', @profile_name@),
            DETAIL = 'A trigger, a rule or row level security of the table said so.';
    -- OTHERS are neither assertions nor cancels, which go on.
    EXCEPTION WHEN OTHERS OR assert_failure OR query_canceled THEN
        -- Else a write of others, later, could pass for this one, and one around it could not.
        PERFORM setval('churn_internal.own_writes', around);
        -- Whoever waits for the transaction has to hear of deadlocks and the like.
        IF SQLSTATE ~ '^(40|57)' THEN
            RAISE;
        END IF;
        state := SQLSTATE;
        reason := churn_internal.without_values(SQLSTATE, SQLERRM);
        -- Without the detail of before, in which PostgreSQL shows the row to its owner.
        IF coalesce(on_error, (
            SELECT a.on_error FROM churn.attachments a WHERE a.attachment_id = @id@
        )) = 'raise' THEN
            RAISE USING ERRCODE = state, MESSAGE = reason,
                DETAIL = format('pgchurn was writing %s.', @profile_name@);
        END IF;
    END;
    -- Those that can be written are: halves of halves find out which.
    IF size > 1 THEN
        FOR half IN
            SELECT w.*
            FROM (VALUES (1, middle), (middle + 1, size)) b (first, last)
            CROSS JOIN LATERAL churn_internal."write_guarded_@id@"(
                version, on_error, keys[b.first:b.last], tids[b.first:b.last],
                relations[b.first:b.last], counts[b.first:b.last], latests[b.first:b.last],
                scores[b.first:b.last], versions[b.first:b.last], times[b.first:b.last]
            ) w
        LOOP
            failed := failed + half.failed;
        END LOOP;
    ELSE
        failed := 1;
        PERFORM churn_internal.mark_failures(
            @id@, version, keys, ARRAY[state], ARRAY[reason], uncounted => true
        );
    END IF;
END $function$;
COMMENT ON FUNCTION churn_internal."write_guarded_@id@" IS
    'Writes what pgchurn keeps in locked profile rows, and marks those where something of '
    'others fails; returns how many, and the first reason.';
ALTER FUNCTION churn_internal."write_guarded_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."write_guarded_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_write_guarded IS 'Template: see churn_trust.fill_template.';
