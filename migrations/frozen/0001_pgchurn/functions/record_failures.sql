CREATE OR REPLACE FUNCTION churn_internal.record_failures(
    attachment_id integer, version bigint, keys text[], scores double precision[],
    enqueued_at timestamptz[] DEFAULT NULL, challenger bigint DEFAULT NULL,
    challenged boolean[] DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    -- Set by the runtime when scores are missing.
    failure CONSTANT jsonb := current_setting('churn.score_failed')::jsonb;
BEGIN
    PERFORM churn_internal.mark_failures(
        record_failures.attachment_id,
        CASE
            WHEN k.challenged THEN record_failures.challenger ELSE record_failures.version
        END,
        array_agg(k.key),
        array_agg(f.reason ->> 0), array_agg(f.reason ->> 1), array_agg(k.enqueued_at)
    )
    FROM unnest(keys, scores, record_failures.enqueued_at, record_failures.challenged)
        WITH ORDINALITY k (key, score, enqueued_at, challenged, number)
    CROSS JOIN LATERAL (
        SELECT coalesce(failure -> 'rows' -> (k.number - 1)::text, failure -> 'all')
    ) f (reason)
    WHERE k.score IS NULL
    GROUP BY k.challenged;
END $body$;
COMMENT ON FUNCTION churn_internal.record_failures IS
    'Marks the profiles that got no score, with the reason that the runtime has set and the '
    'version that failed: where they are challenged, the challenger.';
