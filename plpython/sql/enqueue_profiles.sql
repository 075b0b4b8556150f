CREATE OR REPLACE FUNCTION churn_internal.enqueue_profiles(
    attachment_id integer, keys text[], have_scores boolean[]
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
BEGIN
    INSERT INTO churn_internal.pending_profiles (attachment_id, key)
    SELECT enqueue_profiles.attachment_id, k.key
    FROM unnest(keys, have_scores) k (key, has_score)
    WHERE k.has_score;
    -- Nothing in its row says whether a customer without a score is marked. And whoever
    -- brings a key into being holds its mark until commit, so that no worker takes it
    -- for one of a customer who is gone.
    INSERT INTO churn_internal.failed_profiles AS m (attachment_id, key)
    SELECT enqueue_profiles.attachment_id, k.key
    FROM unnest(keys, have_scores) WITH ORDINALITY k (key, has_score, number)
    WHERE NOT k.has_score
    ORDER BY k.number
    ON CONFLICT (attachment_id, key) DO UPDATE SET due_at = excluded.due_at
    WHERE m.due_at > excluded.due_at;
    -- A customer that failed before may succeed now that something has changed.
    UPDATE churn_internal.failed_profiles m SET due_at = clock_timestamp()
    FROM unnest(keys, have_scores) k (key, has_score)
    WHERE m.attachment_id = enqueue_profiles.attachment_id AND m.key = k.key COLLATE "C"
      AND k.has_score IS DISTINCT FROM false AND m.due_at > clock_timestamp();
END $body$;
COMMENT ON FUNCTION churn_internal.enqueue_profiles IS
    'Marks profiles that changed, each once, for churn.work to score: those that have a '
    'score, those that have none, and where it is null none, since they wait already.';
