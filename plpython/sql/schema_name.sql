CREATE OR REPLACE FUNCTION churn_internal.schema_name(relation regclass) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT quote_ident(n.nspname)
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = schema_name.relation;
END;
COMMENT ON FUNCTION churn_internal.schema_name IS 'Quoted name of the schema of a table.';
