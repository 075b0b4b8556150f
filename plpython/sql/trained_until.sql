CREATE OR REPLACE FUNCTION churn_internal.trained_until(provenance jsonb) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    given CONSTANT jsonb := provenance -> 'trained_until';
    -- The text of a JSON value, whatever it is.
    written CONSTANT text := given #>> '{}';
    known_until timestamptz;
    problem text := 'It is not an ISO 8601 time with a time zone.';
BEGIN
    IF coalesce(jsonb_typeof(given), 'null') = 'null' THEN
        RETURN NULL;
    END IF;
    -- In no other form, and never without a zone: then no setting of a session has a say.
    IF jsonb_typeof(given) = 'string' AND written ~
        '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$'
    THEN
        BEGIN
            known_until := written::timestamptz;
            problem := 'Nothing is known of the future yet.';
        EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format
            OR invalid_time_zone_displacement_value
        THEN
            problem := 'There is no such time.';
        END;
    END IF;
    IF (known_until <= clock_timestamp()) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('trained_until is %s', left(given::text, 100)),
            DETAIL = problem,
            HINT = 'Pass until when what the model was trained on was known, such as '
                   '"2026-01-31T00:00:00+00:00".';
    END IF;
    RETURN known_until;
END $body$;
COMMENT ON FUNCTION churn_internal.trained_until IS
    'Until when what a version was trained on was known: nothing that became known later has '
    'taken part. Null: its provenance does not say.';
GRANT EXECUTE ON FUNCTION churn_internal.trained_until TO churn_loader, churn_scorer;
