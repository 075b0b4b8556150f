CREATE OR REPLACE FUNCTION churn_internal.grant_schemas(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    schema name;
BEGIN
    -- Whatever PUBLIC may, which is up to the company.
    FOR schema IN
        SELECT n.nspname
        FROM churn_internal.named_objects(attachment) o
        JOIN pg_catalog.pg_namespace n ON n.oid = o.objid
        WHERE o.classid = 'pg_catalog.pg_namespace'::regclass AND n.nspname <> 'pg_catalog'
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO churn_owner', schema);
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.grant_schemas IS
    'Lets the owner of an attachment''s functions use the schemas of what they name.';
