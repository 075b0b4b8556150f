CREATE OR REPLACE FUNCTION churn_internal.cohort_scores(
    attachment_id integer, since timestamptz, until timestamptz, horizon interval
) RETURNS TABLE (version bigint, outcome boolean, acted_upon boolean, scores bytea)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
-- What is forbidden counts as costly, and what is costly would be compiled: 70 MB a session.
SET jit = off
SET timezone = 'UTC' AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := (
        SELECT a FROM churn.attachments a
        WHERE a.attachment_id = cohort_scores.attachment_id
    );
BEGIN
    -- In arrays, of which each is short enough to be held beside its image.
    RETURN QUERY EXECUTE format(
        'SELECT s.version, s.outcome, s.acted_upon,
                churn_internal.array_image(array_agg(s.score))
         FROM (
            SELECT c.version, c.outcome, c.acted_upon, c.score,
                   row_number() OVER () / 50000 AS part
            FROM (%s) c
         ) s
         GROUP BY s.part, s.version, s.outcome, s.acted_upon',
        churn_internal.cohort_statement(attachment, true)
    ) USING attachment_id, NULL::bigint, since, until, horizon;
END $body$;
COMMENT ON FUNCTION churn_internal.cohort_scores IS
    'The scores of a window, and what became of the customers, for churn.monitor: images '
    'of arrays of scores of the same version and outcome.';
