-- A schema in which everything of pg_catalog and pgchurn has a namesake that gives itself
-- away, and the same among the session's temporary objects.
CREATE SCHEMA shadows;
GRANT USAGE ON SCHEMA shadows TO PUBLIC;
CREATE FUNCTION shadows.betray() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE 'a shadow was called';
END
$$;
DO $shadows$
DECLARE
    original record;
    made integer := 0;
BEGIN
    FOR original IN
        SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments,
               pg_get_function_result(p.oid) AS result
        FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a')
    LOOP
        BEGIN
            EXECUTE format(
                'CREATE FUNCTION shadows.%I(%s) RETURNS %s LANGUAGE plpgsql AS '
                '''BEGIN PERFORM shadows.betray(); END''',
                original.name, original.arguments, original.result
            );
            made := made + 1;
        EXCEPTION WHEN OTHERS THEN
            -- Arguments that only C takes.
            NULL;
        END;
    END LOOP;
    FOR original IN
        SELECT o.oid, o.oprname AS name, o.oprleft::regtype AS "left",
               o.oprright::regtype AS "right", o.oprresult::regtype AS result
        FROM pg_operator o
        WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b'
    LOOP
        BEGIN
            EXECUTE format(
                'CREATE FUNCTION shadows.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql '
                'AS ''BEGIN PERFORM shadows.betray(); END''',
                original.oid, original.left, original.right, original.result
            );
            EXECUTE format(
                'CREATE OPERATOR shadows.%s (FUNCTION = shadows.operator_%s, '
                'LEFTARG = %s, RIGHTARG = %s)',
                original.name, original.oid, original.left, original.right
            );
            made := made + 1;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
    FOR original IN
        SELECT t.typname AS name, s.schema
        FROM pg_type t, (VALUES ('shadows'), ('pg_temp')) s (schema)
        WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype = 'b'
          AND t.typcategory <> 'A' AND t.typelem = 0
    LOOP
        EXECUTE format(
            'CREATE DOMAIN %s.%I AS pg_catalog.%I CHECK (shadows.betray())',
            original.schema, original.name, original.name
        );
        made := made + 1;
    END LOOP;
    -- Last, since temporary relations come first wherever they are not pinned.
    FOR original IN
        SELECT c.relname AS name, s.schema
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
             (VALUES ('shadows'), ('pg_temp')) s (schema)
        WHERE n.nspname IN ('pg_catalog', 'churn', 'churn_internal') AND c.relkind IN ('r', 'v')
    LOOP
        EXECUTE format(
            'CREATE VIEW %s.%I AS SELECT true AS column FROM pg_catalog.pg_class '
            'WHERE shadows.betray()', original.schema, original.name
        );
        EXECUTE format('GRANT ALL ON %s.%I TO PUBLIC', original.schema, original.name);
        made := made + 1;
    END LOOP;
    -- The names of transition tables.
    CREATE TEMPORARY TABLE inserted (customer_id bigint, complained_at timestamptz);
    CREATE TEMPORARY TABLE deleted (customer_id bigint, complained_at timestamptz);
    CREATE TEMPORARY TABLE updated (customer_id bigint, complained_at timestamptz);
    CREATE TEMPORARY TABLE former (customer_id bigint, complained_at timestamptz);
    GRANT ALL ON inserted, deleted, updated, former TO PUBLIC;
    ASSERT made > 2500, made;
END
$shadows$;
