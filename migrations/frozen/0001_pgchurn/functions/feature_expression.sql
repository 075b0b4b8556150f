CREATE OR REPLACE FUNCTION churn_internal.feature_expression(
    type oid, modifier integer, value text, alone boolean DEFAULT false
) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH RECURSIVE base (oid, modifier, typbasetype) AS (
        SELECT t.oid, feature_expression.modifier, t.typbasetype
        FROM pg_catalog.pg_type t WHERE t.oid = feature_expression.type
        UNION ALL
        SELECT t.oid, base.typtypmod, t.typbasetype
        FROM (
            SELECT b.typbasetype, d.typtypmod
            FROM base b JOIN pg_catalog.pg_type d ON d.oid = b.oid
        ) base
        JOIN pg_catalog.pg_type t ON t.oid = base.typbasetype
    )
    -- In full, since churn.score is read under its caller's search_path.
    SELECT format(
        CASE
            WHEN base.oid = 'boolean'::regtype
                THEN '%s::pg_catalog.int4::pg_catalog.float8'
            WHEN base.oid = 'real'::regtype THEN 'churn_internal.shortest_double(%s)'
            -- Only a number without a declared precision, or with a scale that is out of
            -- the ordinary, can be too large, or too small.
            WHEN base.oid IN (
                'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype,
                'double precision'::regtype
            ) OR (base.oid = 'numeric'::regtype
                  AND (base.modifier - 4) >> 16 BETWEEN 1 AND 300
                  AND (base.modifier - 4) & 2047 <= 300)
                THEN '%s::pg_catalog.float8'
            WHEN base.oid = 'numeric'::regtype
                THEN 'churn_internal.to_double(%s::pg_catalog.numeric)'
            -- A cast would take the blanks away.
            WHEN base.oid = 'character'::regtype
                THEN format(
                    cut.text, 'pg_catalog.textin(pg_catalog.bpcharout(%s::pg_catalog.bpchar))'
                )
            -- Its label, as clients are given it. To make a cast of its own to text is up
            -- to an enum's owner, and a cast runs with the rights of whoever reads.
            WHEN t.typtype = 'e' AND t.oid = feature_expression.type
                THEN 'pg_catalog.textin(pg_catalog.enum_out(%s))'
            -- Not without its schema, which not everybody may use.
            WHEN t.typtype = 'e'
                THEN 'CASE WHEN %1$s IS NOT NULL THEN pg_catalog.format(''%%s'', %1$s) END'
            ELSE format(cut.text, '%s::pg_catalog.text')
        END,
        feature_expression.value
    )
    FROM base
    JOIN pg_catalog.pg_type t ON t.oid = base.oid
    -- What is declared to be short needs no cut.
    CROSS JOIN LATERAL (SELECT CASE
        WHEN base.oid IN ('character varying'::regtype, 'character'::regtype)
             AND base.modifier BETWEEN 4 AND 1004 THEN '%s'
        WHEN feature_expression.alone THEN 'pg_catalog.left(%s, 1001)'
        ELSE 'churn_internal.cut_text(%s)'
    END) cut (text)
    WHERE base.typbasetype = 0;
END;
COMMENT ON FUNCTION churn_internal.feature_expression IS
    'SQL that reads a value of this type as models take it, which is as client libraries '
    'give it: a double, or a text. Alone: in the way that is quickest for a single row.';
