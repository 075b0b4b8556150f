CREATE OR REPLACE FUNCTION churn_internal.column_kind(type oid) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH RECURSIVE base (oid, typbasetype, typcategory) AS (
        SELECT t.oid, t.typbasetype, t.typcategory
        FROM pg_catalog.pg_type t WHERE t.oid = column_kind.type
        UNION ALL
        SELECT t.oid, t.typbasetype, t.typcategory
        FROM base JOIN pg_catalog.pg_type t ON t.oid = base.typbasetype
    )
    SELECT CASE
        WHEN base.oid IN (
            'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype,
            'real'::regtype, 'double precision'::regtype, 'numeric'::regtype
        ) THEN 'number'
        WHEN base.oid = 'boolean'::regtype THEN 'boolean'
        WHEN base.typcategory IN ('S', 'E') THEN 'text'
    END
    FROM base WHERE base.typbasetype = 0;
END;
COMMENT ON FUNCTION churn_internal.column_kind IS
    'How a column of this type can be a feature: number, boolean or text; null: not at all.';
GRANT EXECUTE ON FUNCTION churn_internal.column_kind TO churn_loader;
