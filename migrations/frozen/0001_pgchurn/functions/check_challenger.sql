CREATE OR REPLACE FUNCTION churn_internal.check_challenger(
    attachment_id integer, version bigint, allow_older boolean, allow_expired boolean
) RETURNS bytea
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    model record;
BEGIN
    -- Locked, so that a transaction which began before the version was deleted fails.
    SELECT m.artifact_sha256, m.attestation INTO model
    FROM churn.models m WHERE m.version = check_challenger.version FOR SHARE;
    PERFORM churn_internal.check_model(version);
    PERFORM churn_internal.check_activation(
        model.attestation, churn_internal.active_attestation(attachment_id), allow_older,
        allow_expired
    );
    RETURN model.artifact_sha256;
END $body$;
COMMENT ON FUNCTION churn_internal.check_challenger IS
    'The digest of a version that is to score beside the one in force; an error where '
    'churn.activate_model would not activate it.';
