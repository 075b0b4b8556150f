CREATE OR REPLACE FUNCTION churn.predict_query(
    version bigint, query text, on_error text DEFAULT 'raise',
    pass_features boolean DEFAULT false,
    search_path text DEFAULT current_setting('search_path')
)
RETURNS TABLE (row_number bigint, passed jsonb, score double precision)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT q.row_number, q.passed, q.score
    FROM churn_internal.score_query(
        version, query, on_error, pass_features, search_path, false
    ) q;
END;
COMMENT ON FUNCTION churn.predict_query IS
    'Probabilities of churn, 0 to 1, under any version, of the rows of any query.';
GRANT EXECUTE ON FUNCTION churn.predict_query TO churn_scorer, churn_loader;
