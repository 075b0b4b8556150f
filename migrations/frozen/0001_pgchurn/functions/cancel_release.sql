CREATE OR REPLACE FUNCTION churn.cancel_release(profile regclass, reason text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    plan CONSTANT churn_internal.release_plans := churn_internal.plan_under_way(profile);
BEGIN
    PERFORM churn_internal.end_release(plan.attachment_id, 'cancel', reason);
    RETURN plan.release_id;
END $body$;
COMMENT ON FUNCTION churn.cancel_release IS
    'Has the version in force score all customers again, from the commit on, and has workers '
    'and churn.repair score again whom the other one has scored; returns the release.';
GRANT EXECUTE ON FUNCTION churn.cancel_release TO churn_loader;
