CREATE OR REPLACE FUNCTION churn_internal.features_changed_by_writing(version bigint)
RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN coalesce((
        SELECT w.changed
        FROM churn.models m
        JOIN churn.attachments a ON a.attachment_id = m.attachment_id AND a.detached_at IS NULL
        CROSS JOIN LATERAL churn_internal.changed_by_writing(
            a, churn_internal.feature_names(m.signature)
        ) w
        WHERE m.version = features_changed_by_writing.version
    ), '{}');
END $body$;
COMMENT ON FUNCTION churn_internal.features_changed_by_writing IS
    'The features of a version that change when pgchurn writes a score.';
GRANT EXECUTE ON FUNCTION churn_internal.features_changed_by_writing TO churn_loader;
