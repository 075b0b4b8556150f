-- The server's own statistics are what nobody can take back within a transaction, and cost
-- less to ask than Python, which a session in queued mode may never have started. They are
-- kept for a second after it, and null where there are none. Those of a function are found at
-- once, where those of a table are looked for twice.
CREATE OR REPLACE FUNCTION churn_internal.may_have_recounted() RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE
RETURN pg_stat_get_xact_function_calls('churn_trust.note_recount(bigint)'::regprocedure)
    IS NOT NULL;
COMMENT ON FUNCTION churn_internal.may_have_recounted() IS
    'Whether it is worth asking churn_internal.has_recounted, which is sure.';
