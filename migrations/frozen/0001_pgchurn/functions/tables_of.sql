CREATE OR REPLACE FUNCTION churn_trust.tables_of(parent regclass) RETURNS SETOF oid
LANGUAGE sql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE tables (relation) AS (
        SELECT tables_of.parent::oid
        UNION
        SELECT i.inhrelid FROM tables t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.relation
    )
    SELECT t.relation FROM tables t;
END;
COMMENT ON FUNCTION churn_trust.tables_of IS
    'A table, its partitions and its children.';
GRANT EXECUTE ON FUNCTION churn_trust.tables_of TO churn_owner;
