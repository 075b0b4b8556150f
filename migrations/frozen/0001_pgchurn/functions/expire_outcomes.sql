CREATE OR REPLACE FUNCTION churn.expire_outcomes(
    older_than interval, OUT outcomes bigint, OUT actions bigint
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $body$
#variable_conflict use_column
BEGIN
    PERFORM churn_internal.check_older_than(older_than);
    DELETE FROM churn.outcomes o
    WHERE o.recorded_at < now() - older_than AND o.known_at < now() - older_than
      AND NOT EXISTS (
        SELECT FROM churn.predictions p
        WHERE p.attachment_id = o.attachment_id AND p.key = o.key
    ) AND NOT EXISTS (
        SELECT FROM churn.exposures e
        WHERE e.attachment_id = o.attachment_id AND e.key = o.key
    );
    GET DIAGNOSTICS outcomes = ROW_COUNT;
    DELETE FROM churn.actions a
    WHERE a.recorded_at < now() - older_than AND a.at < now() - older_than
      AND NOT EXISTS (
        SELECT FROM churn.predictions p
        WHERE p.attachment_id = a.attachment_id AND p.key = a.key
    );
    GET DIAGNOSTICS actions = ROW_COUNT;
END $body$;
COMMENT ON FUNCTION churn.expire_outcomes IS
    'Removes outcomes and actions that are older, of customers of whom no prediction is '
    'logged any more, and who are in no experiment; returns how many.';
