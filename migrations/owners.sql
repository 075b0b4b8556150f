-- Whatever is in pgchurn's schemas belongs to churn_owner, but for what only superusers may
-- change, and nobody has a right but the owner. GRANTs to others' roles stay.
DO $owners$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('ALTER %s OWNER TO %s', o.thing, CASE
            WHEN o.trusted THEN 'CURRENT_USER' ELSE 'churn_owner'
        END)
        FROM (
            SELECT format('SCHEMA %I', n.nspname), n.nspname, n.nspowner
            FROM pg_catalog.pg_namespace n
            UNION ALL
            SELECT format('TABLE %I.%I', n.nspname, c.relname), n.nspname, c.relowner
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            -- Sequences of columns go with their tables.
            WHERE c.relkind IN ('r', 'p', 'v') OR c.relkind = 'S' AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                  AND d.refobjsubid > 0
            )
            UNION ALL
            SELECT format('ROUTINE %s', p.oid::regprocedure), n.nspname, p.proowner
            FROM pg_catalog.pg_proc p
            JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
            UNION ALL
            SELECT format('DOMAIN %I.%I', n.nspname, t.typname), n.nspname, t.typowner
            FROM pg_catalog.pg_type t
            JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
            WHERE t.typtype = 'd'
        ) f (thing, schema, owner)
        CROSS JOIN LATERAL (
            SELECT f.thing, f.schema IN ('churn_migrations', 'churn_trust') AS trusted
        ) o
        JOIN pg_catalog.pg_roles r ON r.oid = f.owner
        WHERE f.schema IN ('churn', 'churn_internal', 'churn_migrations', 'churn_runtime',
                           'churn_trust')
          AND CASE WHEN o.trusted THEN NOT r.rolsuper ELSE r.rolname <> 'churn_owner' END
    LOOP
        EXECUTE statement;
    END LOOP;
END $owners$;
REVOKE ALL ON SCHEMA churn, churn_internal, churn_migrations, churn_runtime, churn_trust
    FROM PUBLIC, churn_loader, churn_scorer, churn_application;
REVOKE ALL ON ALL TABLES IN SCHEMA
    churn, churn_internal, churn_migrations, churn_runtime, churn_trust
    FROM PUBLIC, churn_loader, churn_scorer, churn_application;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA
    churn, churn_internal, churn_migrations, churn_runtime, churn_trust
    FROM PUBLIC, churn_loader, churn_scorer, churn_application;
REVOKE ALL ON ALL ROUTINES IN SCHEMA
    churn, churn_internal, churn_migrations, churn_runtime, churn_trust
    FROM PUBLIC, churn_loader, churn_scorer, churn_application;
REVOKE ALL ON SCHEMA churn_migrations, churn_trust FROM churn_owner;
REVOKE ALL ON ALL TABLES IN SCHEMA churn_migrations, churn_trust FROM churn_owner;
REVOKE ALL ON ALL ROUTINES IN SCHEMA churn_migrations, churn_trust FROM churn_owner;
