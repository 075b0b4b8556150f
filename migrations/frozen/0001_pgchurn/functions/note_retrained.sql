CREATE OR REPLACE FUNCTION churn_internal.note_retrained(
    request_id bigint, attempt integer, version bigint
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
BEGIN
    UPDATE churn_internal.retrainings r SET version = note_retrained.version
    WHERE r.request_id = note_retrained.request_id AND r.finished_at IS NULL
      AND r.attempts = note_retrained.attempt;
    IF NOT FOUND THEN
        PERFORM churn_internal.refuse_retraining(request_id);
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.note_retrained IS
    'Notes the version that is registered for a request in the same transaction; an error where '
    'it has ended, or somebody else has taken it.';
GRANT EXECUTE ON FUNCTION churn_internal.note_retrained TO churn_loader;
