CREATE OR REPLACE FUNCTION churn.matured(
    profile regclass, version bigint DEFAULT NULL, since timestamptz DEFAULT '-infinity',
    until timestamptz DEFAULT NULL, first_score boolean DEFAULT false
) RETURNS TABLE (
    key text, predicted_at timestamptz, model_version bigint, score double precision,
    features json, outcome boolean, known_at timestamptz, acted_upon boolean
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Where nothing is known of the tables yet, a loop within a loop looks cheap.
SET enable_nestloop = off
-- What is forbidden counts as costly, and what is costly would be compiled: 70 MB a session.
SET jit = off
SET timezone = 'UTC' AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
BEGIN
    IF since IS NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'since is null',
            HINT = 'Pass the beginning of the cohort, or leave it out.';
    ELSIF until + attachment.horizon > now() THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('predictions until %s are not mature before %s', until,
                             until + attachment.horizon),
            DETAIL = format(
                'Their horizon is %s. Who leaves is known at once and who stays at its end, so '
                'a cohort of which some is not mature would seem to lose more than it does.',
                attachment.horizon
            ),
            HINT = 'Pass an earlier time, or leave it out for all that is mature.';
    END IF;
    RETURN QUERY EXECUTE churn_internal.cohort_statement(attachment, false, first_score)
    USING attachment.attachment_id, version, since,
          coalesce(until, now() - attachment.horizon), attachment.horizon;
END $body$;
COMMENT ON FUNCTION churn.matured IS
    'Logged predictions whose horizon has passed, and what became of the customers: one row '
    'for each who had not left before, the last score of the window, with what it was made '
    'of; or the first one, which stays the same while the window grows. Null as version: of '
    'whichever gave it; null as until: of all that is mature.';
GRANT EXECUTE ON FUNCTION churn.matured TO churn_loader, churn_scorer;
