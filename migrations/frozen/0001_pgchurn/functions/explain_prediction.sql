CREATE OR REPLACE FUNCTION churn.explain_prediction(
    profile regclass, key text, at timestamptz DEFAULT 'infinity', top_k integer DEFAULT NULL
)
RETURNS TABLE (
    feature text, value text, contribution double precision, points double precision,
    typical text, reason text
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    logged churn.predictions;
BEGIN
    SELECT p.* INTO logged
    FROM churn.predictions p
    WHERE p.attachment_id = attachment.attachment_id AND p.key = explain_prediction.key
      AND p.predicted_at <= explain_prediction.at
    ORDER BY p.predicted_at DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE no_data_found USING
            MESSAGE = format('no score of customer %s is logged at %s or before',
                             coalesce(key, 'null'), coalesce(at::text, 'null')),
            HINT = CASE
                WHEN attachment.log_rate < 1 THEN format(
                    'Call churn.set_prediction_log(%L, 1), so that every score is logged.',
                    churn_internal.table_name(profile)
                )
                ELSE 'SELECT predicted_at FROM churn.predictions WHERE key = ... lists them.'
            END;
    END IF;
    RETURN QUERY
    SELECT e.feature, e.value, e.contribution, e.points, e.typical, e.reason::text
    FROM churn_internal.explain_values(
        logged.version, logged.features, logged.score,
        churn_internal.typical_values(logged.version), top_k
    ) e;
END $body$;
COMMENT ON FUNCTION churn.explain_prediction IS
    'What each feature contributed to a logged score, the last one at this time or before, '
    'under the version that gave it.';
GRANT EXECUTE ON FUNCTION churn.explain_prediction TO churn_loader, churn_scorer;
