CREATE OR REPLACE FUNCTION churn_internal.key_comparison(
    profile regclass, profile_key name, complaints regclass, complaint_key name,
    OUT key_type oid, OUT key_collation oid, OUT one_text boolean, OUT common_type oid,
    OUT reference_type oid, OUT reference_collation oid, OUT equals_key oid,
    OUT equals_common oid, OUT reference_equals oid, OUT is_after oid, OUT is_through oid,
    OUT mismatch text, OUT reason text, OUT castable boolean
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_variable
DECLARE
    key record;
    class record;
    reference record;
    crossing oid;
    within oid;
    compared boolean;
    widens boolean;
    narrows boolean;
BEGIN
    SELECT t.oid AS type, t.typtype, t.typcategory, t.typarray, a.attcollation AS collation,
           format_type(a.atttypid, NULL) AS declared,
           c.collisdeterministic IS FALSE AS loose
    INTO key
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = churn_internal.base_type(a.atttypid)
    LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
    WHERE a.attrelid = profile AND a.attname = profile_key AND NOT a.attisdropped;
    -- Nobody knows any more what the keys mean.
    IF NOT FOUND THEN
        RETURN;
    END IF;
    key_type := key.type;
    key_collation := nullif(key.collation, 0);
    -- Values of other types may be equal and have different texts.
    one_text := NOT key.loose AND (key.typtype = 'e' OR key_type IN (
        'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'uuid'::regtype,
        'boolean'::regtype, 'text'::regtype, 'varchar'::regtype, 'bpchar'::regtype,
        'name'::regtype, 'date'::regtype, 'timestamp'::regtype
    ));

    -- The type's default class, as GetDefaultOpClass finds it: GROUP BY, DISTINCT and ORDER
    -- BY take that as well, and an index that is made without naming another.
    SELECT c.opcfamily AS family, c.opcintype AS type, f.opfname, n.nspname INTO class
    FROM pg_catalog.pg_opclass c
    JOIN pg_catalog.pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
    JOIN pg_catalog.pg_type t ON t.oid = c.opcintype
    JOIN pg_catalog.pg_opfamily f ON f.oid = c.opcfamily
    JOIN pg_catalog.pg_namespace n ON n.oid = f.opfnamespace
    WHERE c.opcdefault AND (
        c.opcintype = key_type
        OR c.opcintype = CASE key.typtype
            WHEN 'e' THEN 'anyenum'::regtype
            WHEN 'r' THEN 'anyrange'::regtype
            WHEN 'm' THEN 'anymultirange'::regtype
        END
        OR EXISTS (
            SELECT FROM pg_catalog.pg_cast b
            WHERE b.castsource = key_type AND b.casttarget = c.opcintype
              AND b.castmethod = 'b' AND b.castcontext = 'i'
        )
    )
    ORDER BY c.opcintype = key_type DESC, t.typispreferred DESC LIMIT 1;
    IF NOT FOUND OR key.typarray = 0 THEN
        mismatch := format('%s.%I cannot be a key', profile, profile_key);
        reason := format('It is %s.', key.declared);
        RETURN;
    ELSIF key_type = 'name'::regtype AND key.loose THEN
        mismatch := format('%s.%I cannot be a key', profile, profile_key);
        reason := 'It is name under a nondeterministic collation, and PostgreSQL takes for '
                  'several in GROUP BY what = takes for one.';
        RETURN;
    END IF;
    equals_key := churn_internal.family_operator(class.family, 3, class.type, class.type);
    is_after := churn_internal.family_operator(class.family, 5, class.type, class.type);
    is_through := churn_internal.family_operator(class.family, 2, class.type, class.type);

    SELECT t.oid AS type, t.typispreferred, t.typcategory, a.attcollation AS collation,
           format_type(a.atttypid, NULL) AS declared,
           c.collisdeterministic IS FALSE AS loose
    INTO reference
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = churn_internal.base_type(a.atttypid)
    LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
    WHERE a.attrelid = complaints AND a.attname = complaint_key AND NOT a.attisdropped;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- The rule of foreign keys, see ATAddForeignKeyConstraint: an operator of the key's
    -- family that compares the two, or else a cast that need not be asked for. Values
    -- travel in the wider type, so that one which the key's cannot hold is no error, but
    -- nobody's.
    common_type := key_type;
    equals_common := equals_key;
    IF reference.type <> key_type THEN
        crossing := churn_internal.family_operator(class.family, 3, class.type, reference.type);
        within := churn_internal.family_operator(
            class.family, 3, reference.type, reference.type
        );
        compared := crossing IS NOT NULL AND within IS NOT NULL;
        widens := churn_internal.is_cast(key_type, reference.type, compared);
        narrows := churn_internal.is_cast(reference.type, class.type, compared);
        -- Texts and names are cast to each other: the preferred type cuts nothing off.
        IF compared AND widens AND (reference.typispreferred OR NOT narrows)
        THEN
            common_type := reference.type;
            equals_common := crossing;
            reference_equals := within;
        ELSIF narrows THEN
            common_type := class.type;
            reference_equals := churn_internal.family_operator(
                class.family, 3, reference.type, class.type
            );
        ELSE
            mismatch := format(
                '%s.%I is %s, but %s.%I is %s', complaints, complaint_key,
                reference.declared, profile, profile_key, key.declared
            );
            reason := format(
                'A foreign key would be refused, too: operator family %I.%I has no operator '
                'for the two, and %s is not cast to %s implicitly.',
                class.nspname, class.opfname, format_type(reference.type, NULL),
                format_type(class.type, NULL)
            );
            castable := 'S' IN (key.typcategory, reference.typcategory) OR EXISTS (
                SELECT FROM pg_catalog.pg_cast c
                WHERE c.castsource = reference.type AND c.casttarget = key_type
            );
        END IF;
    END IF;
    reference_type := CASE WHEN reference_equals IS NULL THEN common_type ELSE reference.type END;
    reference_equals := coalesce(reference_equals, equals_common);
    -- Where both compare byte for byte, the column's own lets its index be used.
    reference_collation := CASE
        WHEN key.loose OR reference.loose THEN key_collation
        ELSE nullif(reference.collation, 0)
    END;
END $body$;
COMMENT ON FUNCTION churn_internal.key_comparison IS
    'How the keys of a profile are compared, which is as a foreign key does: their type, '
    'beneath all domains, their collation, and whether equal ones have one text; the type '
    'in which keys of both tables travel; of what type and collation the column of '
    'complaints is for its index to find it; the operators by which a key equals another, '
    'and one of the common type, by which that column equals one of the common type, and '
    'by which keys are in order. What a foreign key would be refused for and why, and '
    'whether a cast can still be asked for. No type: the column is gone.';
