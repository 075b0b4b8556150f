-- No SECURITY DEFINER, because the query runs with its caller's rights. It also runs under
-- its caller's search_path, so every other name in the body is written in full; what is
-- set here is for the type of the variables.
CREATE OR REPLACE FUNCTION churn_internal.score_query(
    version bigint, query text, on_error text, pass_features boolean, search_path text,
    explained boolean
)
RETURNS TABLE (
    row_number bigint, passed jsonb, score double precision, contributions jsonb
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- All rows are wanted, not the first of them soon.
SET cursor_tuple_fraction = 1 AS $body$
DECLARE
    bare CONSTANT pg_catalog.text := pg_catalog.rtrim(query, E' \t\r\n\f;');
    opened refcursor;
    reason pg_catalog.text;
    plan pg_catalog.record;
    rows_before pg_catalog.int8 := 0;
    fetched pg_catalog.int8;
BEGIN
    IF on_error IS NULL
       OR on_error OPERATOR(pg_catalog.<>) ALL (ARRAY['keep', 'raise']) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = pg_catalog.format('unknown failure policy %s', COALESCE(on_error, 'null')),
            HINT = 'Pass keep or raise.';
    END IF;
    IF bare IS NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'query is null',
            HINT = 'Pass the text of a SELECT.';
    END IF;
    PERFORM pg_catalog.set_config('search_path', search_path, true);
    -- A subtransaction, at whose end PostgreSQL allows again what was allowed before: what
    -- the query calls writes nothing either.
    BEGIN
        PERFORM pg_catalog.set_config('transaction_read_only', 'on', true);
        -- As it stands, so that it is one statement, which in parentheses is the same, and
        -- one that writes nothing: a function that is not volatile may not open another.
        BEGIN
            -- A query of its own, because pgspot reads no plain expression here.
            OPEN opened FOR EXECUTE (SELECT bare);
        EXCEPTION WHEN invalid_cursor_definition OR feature_not_supported THEN
            GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
            RAISE invalid_parameter_value USING
                MESSAGE = 'query cannot be scored',
                DETAIL = pg_catalog.format('The server says: %s.', reason),
                HINT = 'Pass a single SELECT, VALUES or TABLE that locks and writes nothing.';
        END;
        CLOSE opened;
        SELECT s.statement, s.batch_size INTO plan
        FROM churn_internal.query_columns(bare) c
        CROSS JOIN LATERAL churn_internal.query_statement(
            version, bare, c.names, c.types, pass_features
        ) s;
        OPEN opened FOR EXECUTE (SELECT plan.statement);
        LOOP
            IF explained THEN
                RETURN QUERY
                -- Unnested together: to look one of a thousand texts up by its place, the
                -- server walks through all that come before it.
                WITH explained AS MATERIALIZED (
                    SELECT a.passed, e.scores, e.contributions
                    FROM (
                        SELECT churn_internal.array_image(pg_catalog.array_agg(b.numbers))
                                   AS numbers,
                               pg_catalog.array_agg(b.texts)
                                   FILTER (WHERE b.texts IS NOT NULL) AS texts,
                               pg_catalog.array_agg(b.passed) AS passed
                        FROM churn_internal.fetch_rows(opened, plan.batch_size) b
                    ) a
                    CROSS JOIN LATERAL churn_internal.explain_many(
                        version, a.numbers, a.texts, rows_before, on_error
                    ) e
                )
                SELECT rows_before OPERATOR(pg_catalog.+) r.ordinality, r.passed, r.score,
                       r.contributions::pg_catalog.jsonb
                FROM explained e
                CROSS JOIN LATERAL ROWS FROM (
                    pg_catalog.unnest(e.passed), pg_catalog.unnest(e.scores),
                    pg_catalog.unnest(e.contributions)
                ) WITH ORDINALITY r (passed, score, contributions);
            ELSE
                RETURN QUERY
                WITH scored AS MATERIALIZED (
                    SELECT churn_internal.predict_many(
                               version,
                               churn_internal.array_image(pg_catalog.array_agg(b.numbers)),
                               pg_catalog.array_agg(b.texts)
                                   FILTER (WHERE b.texts IS NOT NULL),
                               rows_before, on_error
                           ) AS scores,
                           pg_catalog.array_agg(b.passed) AS passed
                    FROM churn_internal.fetch_rows(opened, plan.batch_size) b
                )
                SELECT rows_before OPERATOR(pg_catalog.+) r.ordinality, r.passed, r.score,
                       NULL::pg_catalog.jsonb
                FROM scored s
                CROSS JOIN LATERAL ROWS FROM (
                    pg_catalog.unnest(s.passed), pg_catalog.unnest(s.scores)
                ) WITH ORDINALITY r (passed, score);
            END IF;
            GET DIAGNOSTICS fetched = ROW_COUNT;
            EXIT WHEN fetched OPERATOR(pg_catalog.<) plan.batch_size;
            rows_before := rows_before OPERATOR(pg_catalog.+) fetched;
        END LOOP;
        CLOSE opened;
    EXCEPTION WHEN read_only_sql_transaction THEN
        GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
        RAISE read_only_sql_transaction USING
            MESSAGE = reason,
            DETAIL = 'A function that the query calls would write, and nothing is written '
                     'while a query is scored.';
    END;
END $body$;
COMMENT ON FUNCTION churn_internal.score_query IS
    'Probabilities of the rows of any query, for churn.predict_query and, with their '
    'contributions by feature, churn.explain_query.';
GRANT EXECUTE ON FUNCTION churn_internal.score_query TO churn_scorer, churn_loader;
