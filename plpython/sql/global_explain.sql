CREATE OR REPLACE FUNCTION churn.global_explain(version bigint)
RETURNS TABLE (
    feature text, contribution double precision, importance double precision, typical text
)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT f.feature, f.contribution, f.importance, f.typical
    FROM churn_internal.features_of_version(
        version, churn_internal.typical_values(version)
    ) f;
END;
COMMENT ON FUNCTION churn.global_explain IS
    'What a version goes by: the mean size of each feature''s contribution, its permutation '
    'importance, and what is typical of it.';
GRANT EXECUTE ON FUNCTION churn.global_explain TO churn_scorer, churn_loader;
