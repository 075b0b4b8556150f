CREATE OR REPLACE FUNCTION churn_internal.is_integer(type oid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN churn_internal.base_type(type) IN (
    'boolean'::regtype, 'smallint'::regtype, 'integer'::regtype
);
COMMENT ON FUNCTION churn_internal.is_integer IS
    'Whether all values of a type fit into an integer, a boolean as 0 or 1.';
