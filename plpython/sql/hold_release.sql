CREATE OR REPLACE FUNCTION churn.hold_release(
    profile regclass, held boolean DEFAULT true, reason text DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    plan CONSTANT churn_internal.release_plans := churn_internal.plan_under_way(profile);
BEGIN
    UPDATE churn_internal.release_plans p SET
        held_at = CASE WHEN held THEN coalesce(p.held_at, now()) END,
        held_by = CASE WHEN held THEN coalesce(p.held_by, session_user) END,
        held_reason = CASE WHEN held THEN hold_release.reason END
    WHERE p.release_id = plan.release_id;
    RETURN plan.release_id;
END $body$;
COMMENT ON FUNCTION churn.hold_release IS
    'Keeps a release at its step, or, with held => false, lets it go on; guardrails are '
    'measured all the same. Returns the release.';
GRANT EXECUTE ON FUNCTION churn.hold_release TO churn_loader;
