CREATE OR REPLACE FUNCTION churn_internal.record_failures(
    attachment_id integer, version bigint, keys text[], scores double precision[],
    enqueued_at timestamptz[] DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    -- Set by the runtime when scores are missing.
    failure CONSTANT jsonb := current_setting('churn.score_failed')::jsonb;
BEGIN
    INSERT INTO churn_internal.failed_profiles AS m (
        attachment_id, key, version, sqlstate, reason, failures, first_failed_at,
        last_failed_at, enqueued_at, due_at
    )
    -- Once each: who waits may have several marks.
    SELECT DISTINCT ON (k.key)
           record_failures.attachment_id, k.key, record_failures.version,
           f.reason ->> 0, f.reason ->> 1, 1, t.failed_at, t.failed_at,
           coalesce(k.enqueued_at, t.failed_at), t.failed_at + interval '1 s'
    FROM unnest(keys, scores, record_failures.enqueued_at) WITH ORDINALITY
        k (key, score, enqueued_at, number)
    CROSS JOIN LATERAL (
        SELECT coalesce(failure -> 'rows' -> (k.number - 1)::text, failure -> 'all')
    ) f (reason)
    CROSS JOIN clock_timestamp() t (failed_at)
    WHERE k.score IS NULL
    ORDER BY k.key, k.enqueued_at
    ON CONFLICT (attachment_id, key) DO UPDATE SET
        version = excluded.version, sqlstate = excluded.sqlstate,
        reason = excluded.reason, failures = m.failures + 1,
        first_failed_at = coalesce(m.first_failed_at, excluded.first_failed_at),
        last_failed_at = excluded.last_failed_at,
        -- What fails again and again is tried less and less often.
        due_at = excluded.last_failed_at
            + least(interval '1 s' * 2 ^ least(m.failures, 12), interval '1 hour');
END $body$;
COMMENT ON FUNCTION churn_internal.record_failures IS
    'Marks the profiles that got no score, with the reason that the runtime failure.';
