CREATE OR REPLACE FUNCTION churn_internal.step_customers(
    plan churn_internal.release_plans, since timestamptz,
    OUT by_champion bigint, OUT by_challenger bigint, OUT failing bigint
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments;
BEGIN
    SELECT a.* INTO attachment
    FROM churn.attachments a
    WHERE a.attachment_id = plan.attachment_id AND a.detached_at IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    EXECUTE format(
        'SELECT count(*) FILTER (WHERE p.churn_model_version = $1),
                count(*) FILTER (WHERE p.churn_model_version = $2)
         FROM %s p WHERE p.churn_scored_at >= $3',
        churn_internal.table_name(attachment.profile)
    ) INTO by_champion, by_challenger USING plan.champion, plan.challenger, since;
    SELECT count(*) INTO failing
    FROM churn_internal.failed_profiles m
    WHERE m.attachment_id = plan.attachment_id AND m.version = plan.challenger
      AND m.last_failed_at >= since;
END $body$;
COMMENT ON FUNCTION churn_internal.step_customers IS
    'How many customers the versions of a release have scored since its step began, and how '
    'many the challenger could not.';
