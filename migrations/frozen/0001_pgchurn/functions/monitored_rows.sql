CREATE OR REPLACE FUNCTION churn_internal.monitored_rows(
    attachment churn.attachments, from_log boolean, since timestamptz, until timestamptz
) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
-- As the times are read again.
SET datestyle = 'ISO' SET timezone = 'UTC' AS $body$
BEGIN
    IF NOT from_log THEN
        RETURN format(
            'SELECT p.churn_model_version AS version, p.churn_score AS score,
                    %s AS features
             FROM %s p
             WHERE p.churn_model_version IS NOT NULL AND p.churn_score IS NOT NULL',
            churn_internal.features_as_json(attachment, 'p'),
            churn_internal.table_name(attachment.profile)
        );
    END IF;
    RETURN format(
        'SELECT s.version, s.score, s.features
         FROM (
            SELECT DISTINCT ON (%1$s, p.version) p.version, p.score, p.features
            FROM churn.predictions p
            WHERE p.attachment_id = %2$L AND p.predicted_at >= %3$L AND p.predicted_at < %4$L
            ORDER BY %1$s, p.version, p.predicted_at DESC
         ) s',
        format((churn_internal.customer_of_row(attachment)).customer, 'p'),
        attachment.attachment_id, since, until
    );
END $body$;
COMMENT ON FUNCTION churn_internal.monitored_rows IS
    'SQL of the rows that churn.monitor looks at, version, score and features: of the log of a '
    'window the last score that each version gave each customer; else of the profile as it '
    'stands.';
