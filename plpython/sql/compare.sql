CREATE OR REPLACE FUNCTION churn.compare(
    profile regclass, champion bigint, challenger bigint, since timestamptz,
    until timestamptz DEFAULT NULL, material double precision DEFAULT 0.002,
    expected bigint DEFAULT 10000, confidence double precision DEFAULT 0.95,
    thresholds double precision[] DEFAULT NULL, acted_upon boolean DEFAULT true
) RETURNS TABLE (
    name text, of_champion double precision, of_challenger double precision,
    difference double precision, lower double precision, upper double precision, n bigint,
    verdict text, detail text
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    wrong text;
BEGIN
    wrong := CASE
        WHEN since IS NULL OR NOT isfinite(since)
            THEN 'since must be a time'
        WHEN (material >= 0 AND material < 'infinity') IS NOT TRUE
            THEN 'material must be at least 0'
        WHEN (expected >= 1) IS NOT TRUE
            THEN 'expected must be at least 1'
        WHEN (confidence > 0 AND confidence < 1) IS NOT TRUE
            THEN 'confidence must be between 0 and 1'
        WHEN EXISTS (SELECT FROM unnest(thresholds) t WHERE (t > 0 AND t <= 1) IS NOT TRUE)
            THEN 'thresholds must be more than 0, and at most 1'
        WHEN acted_upon IS NULL
            THEN 'acted_upon must be true or false'
    END;
    IF wrong IS NOT NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = wrong,
            HINT = CASE
                WHEN wrong LIKE 'since%'
                    THEN 'Pass one after which both versions have not been trained.'
                ELSE 'Leave it out to have the default.'
            END;
    END IF;
    PERFORM churn_internal.check_comparable(attachment, champion, since);
    PERFORM churn_internal.check_comparable(attachment, challenger, since);
    RETURN QUERY
    SELECT s.name::text, s.of_champion, s.of_challenger, s.difference, s.lower, s.upper, s.n,
           s.verdict, s.detail
    FROM churn_internal.compare_scores(
        profile, champion, challenger, since, until, material, expected, confidence,
        coalesce(thresholds, ARRAY[coalesce(
            attachment.notification_threshold, attachment.outbox_threshold, 0.5
        )]),
        acted_upon
    ) s;
END $body$;
COMMENT ON FUNCTION churn.compare IS
    'Which of two versions does better on customers of whom it is known what became of them, '
    'logged from a time on after which neither was trained: a verdict, and the evidence. Looking '
    'daily is safe.';
GRANT EXECUTE ON FUNCTION churn.compare TO churn_loader, churn_scorer;
