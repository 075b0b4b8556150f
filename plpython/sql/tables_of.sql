CREATE OR REPLACE FUNCTION churn_internal.tables_of(profile regclass) RETURNS SETOF oid
LANGUAGE sql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE tables (relation) AS (
        SELECT tables_of.profile::oid
        UNION
        SELECT i.inhrelid FROM tables t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.relation
    )
    SELECT t.relation FROM tables t;
END;
COMMENT ON FUNCTION churn_internal.tables_of IS
    'A profile''s table, its partitions and its children.';
