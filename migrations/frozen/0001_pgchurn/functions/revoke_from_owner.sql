CREATE OR REPLACE FUNCTION churn_internal.revoke_from_owner(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    relation regclass;
    schema name;
BEGIN
    FOR relation IN
        SELECT c.oid
        FROM pg_catalog.pg_class c
        WHERE c.oid IN (attachment.profile, attachment.complaints)
          AND c.relowner <> 'churn_owner'::regrole AND NOT EXISTS (
            SELECT FROM churn.attachments a
            WHERE a.detached_at IS NULL AND c.oid IN (a.profile, a.complaints)
        )
    LOOP
        EXECUTE format('REVOKE SELECT, UPDATE, TRIGGER ON %s FROM churn_owner',
                       churn_internal.table_name(relation));
    END LOOP;
    FOR schema IN
        SELECT n.nspname
        FROM churn_internal.named_objects(attachment) o
        JOIN pg_catalog.pg_namespace n ON n.oid = o.objid
        WHERE o.classid = 'pg_catalog.pg_namespace'::regclass AND n.nspname <> 'pg_catalog'
          AND n.nspowner <> 'churn_owner'::regrole AND NOT EXISTS (
            SELECT FROM churn.attachments a, churn_internal.named_objects(a) used
            WHERE a.detached_at IS NULL AND used.classid = o.classid AND used.objid = n.oid
        )
    LOOP
        EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM churn_owner', schema);
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.revoke_from_owner IS
    'Takes back what churn.attach granted on the tables of an attachment and on schemas, '
    'where no other needs it.';
