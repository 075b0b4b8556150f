CREATE OR REPLACE FUNCTION churn_internal.retraining_cohorts(
    profile regclass, known_until timestamptz, training_window interval,
    challenger bigint DEFAULT NULL
) RETURNS TABLE (
    champion bigint, champion_trained_until timestamptz, horizon interval,
    first_scored timestamptz, trained_since timestamptz, trained_before timestamptz,
    trained_until timestamptz, compared_since timestamptz, compared_before timestamptz
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_variable
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    -- The least that PostgreSQL tells apart.
    moment CONSTANT interval := interval '1 microsecond';
BEGIN
    horizon := attachment.horizon;
    SELECT d.version, churn_internal.trained_until(m.provenance)
    INTO champion, champion_trained_until
    FROM churn_internal.active_deployment(attachment.attachment_id) d
    JOIN churn.models m ON m.version = d.version;
    compared_before := known_until - horizon;
    IF challenger IS NOT NULL THEN
        trained_until := (
            SELECT churn_internal.trained_until(m.provenance)
            FROM churn.models m WHERE m.version = challenger
        );
        compared_since := greatest(trained_until, champion_trained_until) + moment;
        RETURN NEXT;
        RETURN;
    END IF;
    first_scored := (
        SELECT min(p.predicted_at) FROM churn.predictions p
        WHERE p.attachment_id = attachment.attachment_id
    );
    -- Who is trained on has to be mature when the others are scored first, so one horizon is
    -- between both. Of the rest a third is to compare on, and no more than a horizon: what is
    -- trained on would be the older.
    compared_since := greatest(
        compared_before - least((compared_before - (first_scored + horizon)) / 3, horizon),
        champion_trained_until + moment
    );
    trained_until := compared_since - moment;
    trained_before := trained_until - horizon;
    trained_since := coalesce(trained_before - training_window, '-infinity');
    RETURN NEXT;
END $body$;
COMMENT ON FUNCTION churn_internal.retraining_cohorts IS
    'The version in force, the customers to train on by when they were scored, until when what '
    'became of them is known, and those after that to compare on; of a challenger that is '
    'trained already the latter alone.';
GRANT EXECUTE ON FUNCTION churn_internal.retraining_cohorts TO churn_loader;
