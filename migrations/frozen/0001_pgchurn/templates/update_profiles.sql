CREATE OR REPLACE FUNCTION churn_trust.template_update_profiles() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
-- What others have put on the table runs with the rights of its owner and finds what the
-- owner would. All names are qualified: the search_path is the application's.
CREATE OR REPLACE FUNCTION churn_internal."update_profile_@id@"(
    tid tid, relation oid, writer xid, complaints integer, latest timestamptz, score double precision,
    version bigint, scored_at timestamptz
) RETURNS boolean LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER AS $function$
#variable_conflict use_variable
BEGIN
    @before_writing@;
    UPDATE @profile@ p SET
        complaint_count = complaints,
        last_complaint_at = latest,
        churn_score = score,
        churn_model_version = version,
        churn_scored_at = scored_at
    WHERE p.ctid OPERATOR(pg_catalog.=) tid AND p.tableoid OPERATOR(pg_catalog.=) relation
      AND p.xmin OPERATOR(pg_catalog.=) writer;
    @after_writing@;
    RETURN FOUND;
END $function$;
COMMENT ON FUNCTION churn_internal."update_profile_@id@" IS
    'Writes what pgchurn keeps in one profile row that nobody has changed, as the owner of the table.';
REVOKE ALL ON FUNCTION churn_internal."update_profile_@id@" FROM PUBLIC;

CREATE OR REPLACE FUNCTION churn_internal."update_profiles_@id@"(
    tids tid[], relations oid[], counts bigint[], latests timestamptz[],
    scores double precision[], versions bigint[], times timestamptz[]
) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER AS $function$
#variable_conflict use_variable
DECLARE
    written bigint;
BEGIN
    @before_writing@;
    UPDATE @profile@ p SET
        complaint_count = new.complaints,
        last_complaint_at = new.latest,
        churn_score = new.score,
        churn_model_version = new.version,
        churn_scored_at = new.scored_at
    FROM ROWS FROM (
        pg_catalog.unnest(tids), pg_catalog.unnest(relations), pg_catalog.unnest(counts),
        pg_catalog.unnest(latests), pg_catalog.unnest(scores), pg_catalog.unnest(versions),
        pg_catalog.unnest(times)
    ) new (tid, relation, complaints, latest, score, version, scored_at)
    WHERE p.ctid OPERATOR(pg_catalog.=) new.tid
      AND p.tableoid OPERATOR(pg_catalog.=) new.relation;
    GET DIAGNOSTICS written = ROW_COUNT;
    @after_writing@;
    RETURN written;
END $function$;
COMMENT ON FUNCTION churn_internal."update_profiles_@id@" IS
    'Writes what pgchurn keeps in locked profile rows, as the owner of the table.';
REVOKE ALL ON FUNCTION churn_internal."update_profiles_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_trust.template_update_profiles IS 'Template: see churn_trust.fill_template.';
