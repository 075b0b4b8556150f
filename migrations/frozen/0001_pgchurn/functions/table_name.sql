CREATE OR REPLACE FUNCTION churn_internal.table_name(relation regclass) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT format('%I.%I', n.nspname, c.relname)
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = table_name.relation;
END;
COMMENT ON FUNCTION churn_internal.table_name IS
    'Schema-qualified and quoted name of a table, whatever the search_path.';
GRANT EXECUTE ON FUNCTION churn_internal.table_name TO churn_loader, churn_scorer;
