CREATE OR REPLACE FUNCTION churn_internal.columns_changed_by_writing(profile regclass)
RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN (
        SELECT w.changed
        FROM churn_internal.changed_by_writing(churn_internal.attachment_of(profile), NULL) w
    );
END $body$;
COMMENT ON FUNCTION churn_internal.columns_changed_by_writing IS
    'The columns of a profile that no model should read, because they change when pgchurn '
    'writes a score.';
GRANT EXECUTE ON FUNCTION churn_internal.columns_changed_by_writing TO churn_loader;
