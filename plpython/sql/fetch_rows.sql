-- No SET: what the cursor's query calls runs under its caller's search_path. FETCH is
-- refused to functions that are not volatile.
CREATE OR REPLACE FUNCTION churn_internal.fetch_rows(cursor refcursor, batch_size integer)
RETURNS TABLE (numbers double precision[], texts text[], passed jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $body$
BEGIN
    RETURN QUERY EXECUTE
        pg_catalog.format('FETCH FORWARD %s FROM %I', batch_size, cursor);
END $body$;
COMMENT ON FUNCTION churn_internal.fetch_rows IS
    'The next rows of a cursor that churn.predict_query has opened.';
GRANT EXECUTE ON FUNCTION churn_internal.fetch_rows TO churn_scorer, churn_loader;
