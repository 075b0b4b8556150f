CREATE OR REPLACE FUNCTION churn.verify(profile regclass)
RETURNS TABLE (key text, column_name text, stored text, expected text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT * FROM churn_internal.verify_profiles_%s()',
        (churn_internal.attachment_of(profile)).attachment_id
    );
END $body$;
COMMENT ON FUNCTION churn.verify IS
    'Counters and scores that disagree with the truth, row by row; empty when all is well.';
GRANT EXECUTE ON FUNCTION churn.verify TO churn_loader, churn_scorer;
