-- NOTIFY makes transactions commit one after the other, so it is for a sleeping worker
-- only. Who sleeps holds the lock; its shared form is let go at once, so that writers
-- keep no worker from falling asleep. A single expression, put in place of its call.
CREATE OR REPLACE FUNCTION churn_internal.wake_workers() RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE
RETURN CASE
    WHEN pg_try_advisory_lock_shared(churn_internal.queue_lock())
        THEN NOT pg_advisory_unlock_shared(churn_internal.queue_lock())
    ELSE pg_notify('churn_queue', '') IS NOT NULL
END;
COMMENT ON FUNCTION churn_internal.wake_workers IS
    'Notifies workers of new marks, if one sleeps; returns whether it did.';
