CREATE OR REPLACE FUNCTION churn_internal.mark_failures(
    attachment_id integer, version bigint, keys text[], sqlstates text[], reasons text[],
    enqueued_at timestamptz[] DEFAULT NULL, uncounted boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
BEGIN
    INSERT INTO churn_internal.failed_profiles AS m (
        attachment_id, key, version, sqlstate, reason, failures, first_failed_at,
        last_failed_at, enqueued_at, due_at, uncounted
    )
    -- Once each: who waits may have several marks.
    SELECT DISTINCT ON (k.key)
           mark_failures.attachment_id, k.key, mark_failures.version, k.sqlstate, k.reason, 1,
           t.failed_at, t.failed_at, coalesce(k.enqueued_at, t.failed_at),
           t.failed_at + interval '1 s', mark_failures.uncounted
    FROM unnest(keys, sqlstates, reasons, mark_failures.enqueued_at)
        k (key, sqlstate, reason, enqueued_at)
    CROSS JOIN clock_timestamp() t (failed_at)
    ORDER BY k.key, k.enqueued_at
    ON CONFLICT (attachment_id, key) DO UPDATE SET
        version = excluded.version, sqlstate = excluded.sqlstate,
        reason = excluded.reason, failures = m.failures + 1,
        first_failed_at = coalesce(m.first_failed_at, excluded.first_failed_at),
        last_failed_at = excluded.last_failed_at,
        -- What fails again and again is tried less and less often.
        due_at = excluded.last_failed_at
            + least(interval '1 s' * 2 ^ least(m.failures, 12), interval '1 hour'),
        uncounted = m.uncounted OR excluded.uncounted;
END $body$;
COMMENT ON FUNCTION churn_internal.mark_failures IS
    'Marks the profiles that were not scored or not written, with the reason.';
