CREATE OR REPLACE FUNCTION churn.explain_base(
    version bigint, OUT base double precision, OUT probability double precision
)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT b.base, b.probability FROM churn_internal.base_of_version(version) b;
END;
COMMENT ON FUNCTION churn.explain_base IS
    'What the explanations of a version start from: its log odds without any feature, and '
    'their probability.';
GRANT EXECUTE ON FUNCTION churn.explain_base TO churn_scorer, churn_loader;
