CREATE OR REPLACE FUNCTION churn_internal.base_type(type oid) RETURNS oid
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH RECURSIVE base (oid, typbasetype) AS (
        SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = base_type.type
        UNION ALL
        SELECT t.oid, t.typbasetype
        FROM base JOIN pg_catalog.pg_type t ON t.oid = base.typbasetype
    )
    SELECT base.oid FROM base WHERE base.typbasetype = 0;
END;
COMMENT ON FUNCTION churn_internal.base_type IS 'A type beneath all domains.';
