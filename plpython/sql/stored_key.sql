CREATE OR REPLACE FUNCTION churn_internal.stored_key(attachment churn.attachments, key text)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF key IS NULL THEN
        RAISE null_value_not_allowed USING
            MESSAGE = 'key is null',
            HINT = 'Pass the key of the profile row, as text.';
    END IF;
    RETURN (
        SELECT s.spellings[2]
        FROM churn_internal.key_comparison(
            attachment.profile, attachment.profile_key, attachment.complaints,
            attachment.complaint_key
        ) c
        CROSS JOIN LATERAL churn_internal.key_spellings(
            churn_internal.type_name(c.key_type), key
        ) s (spellings)
    );
END $body$;
COMMENT ON FUNCTION churn_internal.stored_key IS
    'The text that a key which a caller has spelled is stored as.';
