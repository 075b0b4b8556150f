CREATE OR REPLACE FUNCTION churn.explain_query(
    version bigint, query text, on_error text DEFAULT 'raise',
    pass_features boolean DEFAULT false,
    search_path text DEFAULT current_setting('search_path')
)
RETURNS TABLE (
    row_number bigint, passed jsonb, score double precision, contributions jsonb
)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT q.row_number, q.passed, q.score, q.contributions
    FROM churn_internal.score_query(
        version, query, on_error, pass_features, search_path, true
    ) q;
END;
COMMENT ON FUNCTION churn.explain_query IS
    'Probabilities of churn, 0 to 1, under any version, of the rows of any query, and what '
    'each feature contributes to their log odds.';
GRANT EXECUTE ON FUNCTION churn.explain_query TO churn_scorer, churn_loader;
