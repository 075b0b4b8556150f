CREATE OR REPLACE FUNCTION churn_internal.read_profiles(
    attachment churn.attachments, wanted text[],
    OUT keys text[], OUT numbers bytea, OUT texts text[]
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    EXECUTE churn_internal.profiles_statement(attachment)
        INTO keys, numbers, texts USING wanted;
END $body$;
COMMENT ON FUNCTION churn_internal.read_profiles IS
    'What an attachment''s columns hold in the profiles with these keys, in key order, as '
    'scoring takes them.';
