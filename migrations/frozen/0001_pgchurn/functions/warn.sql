CREATE OR REPLACE FUNCTION churn_internal.warn(message text, detail text, hint text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_variable
DECLARE
    context text;
BEGIN
    message := churn_internal.representable(message);
    detail := churn_internal.representable(detail);
    hint := churn_internal.representable(hint);
    -- PostgreSQL adds which statements led here, with the names in them, and nothing keeps it
    -- from that. Where these are more than the client can read, the log has to do.
    GET DIAGNOSTICS context = PG_CONTEXT;
    IF churn_internal.representable(context) = context THEN
        RAISE WARNING USING MESSAGE = message, DETAIL = detail, HINT = hint;
    ELSE
        RAISE LOG USING MESSAGE = message, DETAIL = detail, HINT = hint;
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.warn IS
    'Raises a warning that fails in no client, whatever it quotes.';
