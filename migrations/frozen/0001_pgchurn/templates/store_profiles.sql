CREATE OR REPLACE FUNCTION churn_internal.template_store_profiles() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."store_profiles_@id@"(
    tids tid[], relations oid[], counts bigint[], latests timestamptz[],
    scores double precision[], challenged boolean[], queued boolean, version bigint,
    challenger bigint
) RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- So that all places are read in one scan, and joined by hashing, however small the table was
-- when this was planned. One by one, which the planner takes for as cheap, each asks the system
-- for the size of the table, and a statement of many complaints took a fortieth more.
SET enable_nestloop = off
SET enable_seqscan = off AS $function$
#variable_conflict use_variable
BEGIN
    -- Nobody moves a row that is locked, and the partitions of a table have the same places.
    -- Logged in the same statement: @begin_log@
    UPDATE @profile@ p SET
        complaint_count = new.complaints,
        last_complaint_at = new.latest,
        churn_score = coalesce(new.score, p.churn_score),
        -- Who waits in the queue has a score of no version.
        churn_model_version = CASE
            WHEN queued THEN NULL
            WHEN new.score IS NULL THEN p.churn_model_version
            WHEN new.challenged THEN challenger
            ELSE version
        END,
        churn_scored_at = CASE
            WHEN new.score IS NULL THEN p.churn_scored_at ELSE clock_timestamp()
        END
    -- In FROM each array would be copied into a table of its own first.
    FROM (
        SELECT unnest(tids) AS tid, unnest(relations) AS relation,
               unnest(counts) AS complaints, unnest(latests) AS latest,
               unnest(scores) AS score, unnest(challenged) AS challenged
    ) new
    WHERE p.ctid = ANY (tids) AND p.ctid = new.tid AND p.tableoid = new.relation
      AND (new.score IS NOT NULL
           OR (queued AND p.churn_model_version IS NOT NULL)
           OR (p.complaint_count, p.last_complaint_at)
              IS DISTINCT FROM (new.complaints, new.latest))
    -- Logged: @end_log@
    ;
END $function$;
COMMENT ON FUNCTION churn_internal."store_profiles_@id@" IS
    'Writes what pgchurn keeps in locked profile rows, where nobody else has put anything on '
    'the table.';
ALTER FUNCTION churn_internal."store_profiles_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."store_profiles_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_store_profiles IS 'Template: see churn_trust.fill_template.';
