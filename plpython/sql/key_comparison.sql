CREATE OR REPLACE FUNCTION churn_internal.key_comparison(
    attachment churn.attachments, OUT type text, OUT equals_key text, OUT names_key text
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    key record;
BEGIN
    names_key := 'k.key = ANY ($2)';
    WITH RECURSIVE bases AS (
        SELECT a.atttypid AS type, a.attcollation AS collation
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = attachment.profile AND a.attname = attachment.profile_key
          AND NOT a.attisdropped
        UNION ALL
        SELECT t.typbasetype, b.collation
        FROM bases b JOIN pg_catalog.pg_type t ON t.oid = b.type
        WHERE t.typtype = 'd'
    )
    SELECT b.type, t.typtype, format('%I.%I', n.nspname, t.typname) AS name,
           c.oid::regcollation AS collation, c.collisdeterministic
    INTO key
    FROM bases b
    JOIN pg_catalog.pg_type t ON t.oid = b.type AND t.typtype <> 'd'
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_collation c ON c.oid = b.collation;
    -- Nobody knows any more what the keys mean.
    IF NOT FOUND THEN
        RETURN;
    END IF;
    type := key.name;
    -- By name, because what is in the search_path need not be the type's own.
    SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname) INTO equals_key
    FROM pg_catalog.pg_opclass c
    JOIN pg_catalog.pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
    JOIN pg_catalog.pg_amop p ON p.amopfamily = c.opcfamily AND p.amopstrategy = 3
        AND p.amoplefttype = c.opcintype AND p.amoprighttype = c.opcintype
    JOIN pg_catalog.pg_operator o ON o.oid = p.amopopr
    JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
    WHERE c.opcdefault AND c.opcintype = key.type;
    equals_key := format(
        '%s $3::%s%s', coalesce(equals_key, '='), type, ' COLLATE ' || key.collation
    );
    -- Values of other types may be equal and have different texts. These an index finds.
    IF key.typtype <> 'e' AND (
        key.collisdeterministic IS FALSE OR key.type NOT IN (
            'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'uuid'::regtype,
            'boolean'::regtype, 'text'::regtype, 'varchar'::regtype, 'bpchar'::regtype,
            'name'::regtype, 'date'::regtype, 'timestamp'::regtype
        )
    ) THEN
        names_key := format('(%s OR k.key::%s %s)', names_key, type, equals_key);
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.key_comparison IS
    'The type of a profile''s key, beneath all domains, and as SQL: what a key is compared '
    'with to equal the text $3, and whether the text k.key is among the spellings $2 or '
    'equals it. No type: the column is gone.';
