CREATE OR REPLACE FUNCTION churn_internal.learnable_rows(
    stream_id bigint, read_until timestamptz, read_digest text, until timestamptz,
    known_until timestamptz
) RETURNS TABLE (
    predicted_at timestamptz, digest text, features text, outcome boolean, acted_upon boolean
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
-- What is forbidden counts as costly, and what is costly would be compiled: 70 MB a session.
SET jit = off
SET timezone = 'UTC' AS $body$
#variable_conflict use_column
DECLARE
    stream churn_internal.learning_streams;
    attachment churn.attachments;
    first timestamptz;
    number integer := 0;
    opens timestamptz;
    closes timestamptz;
BEGIN
    SELECT s.* INTO STRICT stream
    FROM churn_internal.learning_streams s WHERE s.stream_id = learnable_rows.stream_id;
    SELECT a.* INTO attachment
    FROM churn.attachments a WHERE a.attachment_id = stream.attachment_id;
    first := coalesce(read_until, stream.since);
    -- Of each customer one score in each window, the first one, which stays the same while
    -- the window grows; and windows as long as the horizon, so that outcomes hardly overlap.
    number := greatest(0, floor(
        extract(epoch FROM first - stream.since) / extract(epoch FROM stream.horizon)
    )::integer - 1);
    LOOP
        opens := stream.since + number * stream.horizon;
        EXIT WHEN opens > coalesce(until, 'infinity')
            OR opens + stream.horizon > now();
        closes := least(stream.since + (number + 1) * stream.horizon, now() - stream.horizon);
        number := number + 1;
        CONTINUE WHEN closes <= first;
        RETURN QUERY EXECUTE format(
            'SELECT r.predicted_at, r.digest, r.features, r.outcome, r.acted_upon
             FROM (
                 SELECT c.predicted_at, md5(c.features::text) COLLATE "C" AS digest,
                        c.features::text AS features, c.outcome, c.acted_upon
                 FROM (%s) c
             ) r
             WHERE ((r.predicted_at, r.digest) > ($7, $8)) IS NOT FALSE
               AND ($9 IS NULL OR r.predicted_at <= $9)
             -- By nothing that changes: keys do.
             ORDER BY r.predicted_at, r.digest, r.outcome, r.acted_upon',
            churn_internal.cohort_statement(attachment, false, true, true)
        )
        USING stream.attachment_id, NULL::bigint, opens, closes, stream.horizon, known_until,
              read_until, read_digest, until;
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.learnable_rows IS
    'What a stream learns after a row, in order: logged predictions that are mature, and the '
    'outcomes that were recorded by a time.';
GRANT EXECUTE ON FUNCTION churn_internal.learnable_rows TO churn_loader;
