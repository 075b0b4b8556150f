CREATE OR REPLACE FUNCTION churn_internal.code_of_others(
    profile regclass, profile_key name, complaints regclass, complaint_key name
) RETURNS TABLE (object text, owner name)
LANGUAGE sql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH keys (type) AS (
        SELECT t.type
        FROM churn_internal.key_comparison(
            code_of_others.profile, code_of_others.profile_key, code_of_others.complaints,
            code_of_others.complaint_key
        ) k
        CROSS JOIN unnest(ARRAY[k.key_type, k.common_type, k.reference_type]) t (type)
        WHERE t.type IS NOT NULL
    ),
    parts (type) AS (
        SELECT k.type FROM keys k
        UNION
        SELECT r.rngsubtype FROM keys k JOIN pg_catalog.pg_range r ON r.rngtypid = k.type
    ),
    -- Keys, and the features that are cast to text: enums are not.
    read (type) AS (
        SELECT churn_internal.base_type(p.type) FROM parts p
        UNION
        SELECT b.type
        FROM pg_catalog.pg_attribute a
        CROSS JOIN churn_internal.base_type(a.atttypid) b (type)
        JOIN pg_catalog.pg_type t ON t.oid = b.type
        WHERE a.attrelid = code_of_others.profile AND a.attnum > 0 AND NOT a.attisdropped
          AND t.typcategory = 'S'
    ),
    read_as (type) AS (
        SELECT r.type FROM read r
        UNION
        SELECT t.oid FROM pg_catalog.pg_type t
        WHERE t.typnamespace = 'pg_catalog'::regnamespace
          AND (t.typcategory = 'S' OR t.typname IN ('json', 'jsonb'))
    ),
    called (object, function) AS (
        SELECT format('the cast from %s to %s', format_type(c.castsource, NULL),
                      format_type(c.casttarget, NULL)), c.castfunc
        FROM pg_catalog.pg_cast c
        WHERE c.castfunc <> 0 AND (
            c.castsource IN (SELECT a.type FROM read_as a)
            AND c.casttarget IN (SELECT a.type FROM read_as a)
            -- One that need not be asked for may bring operators of its target along.
            OR c.castcontext = 'i' AND c.castsource IN (
                SELECT r.type FROM read r JOIN pg_catalog.pg_type t ON t.oid = r.type
                WHERE t.typnamespace <> 'pg_catalog'::regnamespace
            )
        )
        UNION ALL
        SELECT format('the type %s', format_type(t.oid, NULL)), f.function
        FROM read r JOIN pg_catalog.pg_type t ON t.oid = r.type
        LEFT JOIN pg_catalog.pg_range g ON g.rngtypid = t.oid
        CROSS JOIN unnest(ARRAY[
            t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout,
            g.rngcanonical, g.rngsubdiff
        ]::oid[]) f (function)
        UNION ALL
        SELECT format('the operator class %s', c.opcname), f.function
        FROM read r JOIN pg_catalog.pg_opclass c ON c.opcintype = r.type
        CROSS JOIN LATERAL (
            SELECT p.amproc::oid FROM pg_catalog.pg_amproc p WHERE p.amprocfamily = c.opcfamily
            UNION ALL
            SELECT o.oprcode::oid
            FROM pg_catalog.pg_amop p JOIN pg_catalog.pg_operator o ON o.oid = p.amopopr
            WHERE p.amopfamily = c.opcfamily
        ) f (function)
        WHERE c.opcdefault
    )
    SELECT c.object, r.rolname
    FROM called c
    JOIN pg_catalog.pg_proc f ON f.oid = c.function
    JOIN pg_catalog.pg_roles r ON r.oid = f.proowner
    WHERE NOT r.rolsuper
    UNION ALL
    -- To read a range is to check both its bounds.
    SELECT format('the check %I of %s', k.conname, format_type(p.type, NULL)), r.rolname
    FROM parts p
    JOIN pg_catalog.pg_type t ON t.oid = p.type AND t.typtype = 'd'
    JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid
    JOIN pg_catalog.pg_roles r ON r.oid = t.typowner
    WHERE NOT r.rolsuper;
END;
COMMENT ON FUNCTION churn_internal.code_of_others IS
    'What would run in the name of churn_owner when it reads or compares the keys of two '
    'tables, or the texts of the first, and does not belong to a superuser.';
