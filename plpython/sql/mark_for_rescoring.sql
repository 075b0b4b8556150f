CREATE OR REPLACE FUNCTION churn.mark_for_rescoring(
    attachment_id integer, version bigint, keys text[], scores double precision[]
)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
    -- Set by the runtime when scores are missing.
    told CONSTANT jsonb := current_setting('churn.score_failed');
BEGIN
    INSERT INTO churn.rescoring_marks AS m (attachment_id, key, version, sqlstate, reason)
    SELECT mark_for_rescoring.attachment_id, k.key, mark_for_rescoring.version,
           f.reason ->> 0, f.reason ->> 1
    FROM unnest(keys, scores) WITH ORDINALITY k (key, score, number)
    CROSS JOIN LATERAL (
        SELECT coalesce(told -> 'rows' -> (k.number - 1)::text, told -> 'all')
    ) f (reason)
    WHERE k.score IS NULL
    ORDER BY k.number
    ON CONFLICT (attachment_id, key) DO UPDATE SET
        version = excluded.version, sqlstate = excluded.sqlstate,
        reason = excluded.reason, failures = m.failures + 1,
        last_failed_at = clock_timestamp();
END
$body$;
COMMENT ON FUNCTION churn.mark_for_rescoring IS
    'Marks the profiles that got no score, with the reason that the runtime told.';
ALTER FUNCTION churn.mark_for_rescoring OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.mark_for_rescoring FROM PUBLIC;
