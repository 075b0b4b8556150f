CREATE OR REPLACE FUNCTION churn_internal.operator_name(operator oid) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
    FROM pg_catalog.pg_operator o
    JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
    WHERE o.oid = operator_name.operator;
END;
COMMENT ON FUNCTION churn_internal.operator_name IS
    'An operator, as SQL that finds it whatever the search_path.';
