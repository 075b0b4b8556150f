CREATE OR REPLACE FUNCTION churn.mark_for_scoring(attachment_id integer, keys text[])
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
    woken boolean;
BEGIN
    -- A customer that failed before may succeed now that something has changed. And
    -- whoever brings a key into being holds its mark until commit, so that no worker
    -- takes it for one of a customer who is gone.
    INSERT INTO churn.rescoring_marks AS m (attachment_id, key)
    SELECT mark_for_scoring.attachment_id, k.key
    FROM unnest(keys) WITH ORDINALITY k (key, number)
    ORDER BY k.number
    ON CONFLICT (attachment_id, key) DO UPDATE SET due_at = excluded.due_at
    WHERE m.due_at > excluded.due_at;
    woken := churn.wake_workers();
END
$body$;
COMMENT ON FUNCTION churn.mark_for_scoring IS
    'Marks profiles that changed, each once, for churn.work to score.';
ALTER FUNCTION churn.mark_for_scoring OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.mark_for_scoring FROM PUBLIC;
