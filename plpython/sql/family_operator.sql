CREATE OR REPLACE FUNCTION churn_internal.family_operator(
    family oid, strategy integer, left_type oid, right_type oid
) RETURNS oid
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT p.amopopr
    FROM pg_catalog.pg_amop p
    WHERE p.amopfamily = family_operator.family AND p.amopstrategy = strategy
      AND p.amoplefttype = left_type AND p.amoprighttype = right_type;
END;
COMMENT ON FUNCTION churn_internal.family_operator IS
    'An operator of a family by its strategy, as its access method numbers them.';
