CREATE OR REPLACE FUNCTION churn_internal.revoke_from_owner(relation regclass) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    detached record;
BEGIN
    SELECT n.oid, n.nspname, n.nspowner, c.relowner INTO detached
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = relation;
    IF detached.relowner <> 'churn_owner'::regrole AND NOT EXISTS (
        SELECT FROM churn.attachments a
        WHERE a.detached_at IS NULL AND relation IN (a.profile, a.complaints)
    ) THEN
        EXECUTE format('REVOKE SELECT, UPDATE, TRIGGER ON %s FROM churn_owner',
                       churn_internal.table_name(relation));
    END IF;
    IF detached.nspowner <> 'churn_owner'::regrole AND NOT EXISTS (
        SELECT FROM churn.attachments a
        JOIN pg_catalog.pg_class c ON c.oid IN (a.profile, a.complaints)
        WHERE a.detached_at IS NULL AND c.relnamespace = detached.oid
    ) THEN
        EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM churn_owner', detached.nspname);
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.revoke_from_owner IS
    'Takes back what churn.attach granted on a table, where no attachment needs it.';
