-- The server's own statistics are what nobody can take back within a transaction, and cost
-- less to ask than Python, which a session in queued mode may never have started. They are
-- kept for a second after it, and not at all with track_counts off, which only superusers
-- turn off: then the setting is left, which anybody may SET.
CREATE OR REPLACE FUNCTION churn_internal.may_have_recounted() RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE
RETURN pg_stat_get_xact_numscans('churn_internal.recounts'::regclass) > 0
    OR coalesce(current_setting('churn.score_failed', true), '') <> '';
COMMENT ON FUNCTION churn_internal.may_have_recounted() IS
    'Whether it is worth asking churn_internal.has_recounted, which is sure.';
