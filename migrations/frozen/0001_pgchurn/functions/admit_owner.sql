-- With the rights of whoever alters, who may be a superuser: so it is a superuser's, and
-- in no schema of churn_owner, who could put something else in its place.
CREATE OR REPLACE FUNCTION churn_trust.admit_owner() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    schema name;
BEGIN
    -- Who alters a table reads nothing of pgchurn: its triggers tell which are attached.
    FOR schema IN
        WITH RECURSIVE attached AS (
            SELECT c.oid, c.relnamespace
            FROM pg_catalog.pg_class c
            WHERE EXISTS (
                SELECT FROM pg_catalog.pg_trigger t
                JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
                WHERE t.tgrelid = c.oid AND t.tgname LIKE 'pgchurn\_%'
                  AND f.pronamespace = to_regnamespace('churn_internal')
            )
        ),
        types AS (
            SELECT a.atttypid AS oid
            FROM pg_catalog.pg_attribute a JOIN attached t ON t.oid = a.attrelid
            UNION
            SELECT t.typbasetype
            FROM types JOIN pg_catalog.pg_type t ON t.oid = types.oid
            WHERE t.typbasetype <> 0
        ),
        needed (classid, objid, namespace) AS (
            SELECT 'pg_catalog.pg_class'::regclass, a.oid, a.relnamespace FROM attached a
            UNION
            SELECT 'pg_catalog.pg_type'::regclass, t.oid, t.typnamespace
            FROM types JOIN pg_catalog.pg_type t USING (oid)
            UNION
            SELECT 'pg_catalog.pg_collation'::regclass, c.oid, c.collnamespace
            FROM attached t
            JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid
            JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
            UNION
            SELECT 'pg_catalog.pg_operator'::regclass, o.oid, o.oprnamespace
            FROM types JOIN pg_catalog.pg_operator o ON o.oprleft = types.oid
        )
        SELECT DISTINCT s.nspname
        FROM needed n
        JOIN pg_catalog.pg_namespace s ON s.oid = n.namespace
        WHERE NOT has_schema_privilege('churn_owner', s.oid, 'USAGE')
          AND pg_has_role(s.nspowner, 'USAGE')
          AND EXISTS (
            SELECT FROM pg_event_trigger_ddl_commands() c
            LEFT JOIN pg_catalog.pg_depend d
                ON d.classid = n.classid AND d.objid = n.objid AND d.deptype = 'e'
            WHERE (c.classid, c.objid) IN (
                (n.classid, n.objid), (d.refclassid, d.refobjid)
            )
        )
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO churn_owner', schema);
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_trust.admit_owner() IS
    'Event trigger: lets pgchurn use the schema to which an attached table was moved, or a '
    'type, operator or collation of one, where whoever moves it may say so.';
