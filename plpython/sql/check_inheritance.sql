CREATE OR REPLACE FUNCTION churn_internal.check_inheritance(
    profile regclass, complaints regclass, are_attached boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    message CONSTANT text := CASE
        WHEN are_attached THEN '%s could not stay attached' ELSE '%s cannot be attached'
    END;
    hint CONSTANT text := CASE
        WHEN are_attached THEN 'Call churn.detach(profile) first, and attach %s afterwards.'
        ELSE 'Attach %s.'
    END;
    wrong record;
BEGIN
    -- Only the table that a statement names calls triggers of the statement.
    SELECT i.inhrelid::regclass AS relation, i.inhparent::regclass AS parent INTO wrong
    FROM pg_catalog.pg_inherits i WHERE i.inhrelid IN (profile, complaints) LIMIT 1;
    IF FOUND THEN
        RAISE wrong_object_type USING
            MESSAGE = format(message, wrong.relation),
            DETAIL = format('It is a partition or child of %s, and what is written by way of '
                            'that calls no trigger of its own.', wrong.parent),
            HINT = format(hint, wrong.parent);
    END IF;
    SELECT c.oid::regclass AS relation INTO wrong
    FROM unnest(ARRAY[profile, complaints]) t (relation)
    CROSS JOIN LATERAL churn_trust.tables_of(t.relation) p (relation)
    JOIN pg_catalog.pg_class c ON c.oid = p.relation
    WHERE c.relkind = 'f' LIMIT 1;
    IF FOUND THEN
        RAISE wrong_object_type USING
            MESSAGE = format(message, wrong.relation),
            DETAIL = 'It is a foreign table, whose rows no trigger of the statement is given: '
                     'PostgreSQL would refuse to write them.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_inheritance IS
    'Refuses tables that are partitions or children, or have foreign ones: triggers of the '
    'statement would miss what is written.';
