CREATE OR REPLACE FUNCTION churn_internal.named_objects(attachment churn.attachments)
RETURNS TABLE (classid oid, objid oid)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH named (classid, objid, namespace) AS (
        SELECT 'pg_catalog.pg_class'::regclass::oid, c.oid, c.relnamespace
        FROM pg_catalog.pg_class c
        WHERE c.oid IN (attachment.profile, attachment.complaints)
        UNION ALL
        SELECT n.*
        FROM churn_internal.key_comparison(
            attachment.profile, attachment.profile_key, attachment.complaints,
            attachment.complaint_key
        ) k
        CROSS JOIN LATERAL (
            SELECT 'pg_catalog.pg_type'::regclass, t.oid, t.typnamespace
            FROM pg_catalog.pg_type t
            WHERE t.oid IN (k.key_type, k.common_type, k.reference_type)
            UNION ALL
            SELECT 'pg_catalog.pg_collation'::regclass, c.oid, c.collnamespace
            FROM pg_catalog.pg_collation c WHERE c.oid = k.key_collation
            UNION ALL
            SELECT 'pg_catalog.pg_operator'::regclass, o.oid, o.oprnamespace
            FROM pg_catalog.pg_operator o
            WHERE o.oid IN (
                k.equals_key, k.equals_common, k.reference_equals, k.is_after, k.is_through
            )
        ) n
    )
    SELECT n.classid, n.objid FROM named n
    UNION
    SELECT 'pg_catalog.pg_namespace'::regclass, n.namespace FROM named n
    UNION
    SELECT d.refclassid, d.refobjid
    FROM named n
    JOIN pg_catalog.pg_depend d ON d.classid = n.classid AND d.objid = n.objid
    WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e';
END;
COMMENT ON FUNCTION churn_internal.named_objects IS
    'What an attachment''s functions name: tables, the types, collation and operators of '
    'its keys, with their schemas, and the extensions that these are of.';
