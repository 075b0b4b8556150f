CREATE OR REPLACE FUNCTION churn_internal.representable(value text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    letter text;
BEGIN
    PERFORM convert_to(value, pg_client_encoding());
    RETURN value;
EXCEPTION WHEN untranslatable_character OR character_not_in_repertoire THEN
    FOR letter IN
        SELECT DISTINCT l.letter FROM string_to_table(value, NULL) l (letter)
        WHERE get_byte(convert_to(l.letter, getdatabaseencoding()), 0) > 127
    LOOP
        BEGIN
            PERFORM convert_to(letter, pg_client_encoding());
        EXCEPTION WHEN untranslatable_character OR character_not_in_repertoire THEN
            value := replace(value, letter, CASE getdatabaseencoding()
                -- What a backslash in a string means is up to the session.
                WHEN 'UTF8' THEN format('%su%s', chr(92), lpad(to_hex(ascii(letter)), 4, '0'))
                ELSE format(
                    '%sx%s', chr(92), encode(convert_to(letter, getdatabaseencoding()), 'hex')
                )
            END);
        END;
    END LOOP;
    RETURN value;
END $body$;
COMMENT ON FUNCTION churn_internal.representable IS
    'A text for the client: what its encoding cannot hold, for which PostgreSQL would fail in '
    'the middle of a warning, is escaped.';
GRANT EXECUTE ON FUNCTION churn_internal.representable TO churn_loader;
