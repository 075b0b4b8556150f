CREATE OR REPLACE FUNCTION churn_internal.type_name(type oid, collation oid DEFAULT NULL)
RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT format('%I.%I', n.nspname, t.typname) || coalesce((
        SELECT format(' COLLATE %I.%I', s.nspname, c.collname)
        FROM pg_catalog.pg_collation c
        JOIN pg_catalog.pg_namespace s ON s.oid = c.collnamespace
        WHERE c.oid = type_name.collation AND t.typcollation <> 0
    ), '')
    FROM pg_catalog.pg_type t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.oid = type_name.type;
END;
COMMENT ON FUNCTION churn_internal.type_name IS
    'Schema-qualified and quoted name of a type, as what follows :: to cast to it, with a '
    'collation where it has such.';
