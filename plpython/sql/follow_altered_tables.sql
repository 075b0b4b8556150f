CREATE OR REPLACE FUNCTION churn_internal.follow_altered_tables() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    altered integer[];
BEGIN
    WITH commands AS MATERIALIZED (
        SELECT c.classid, c.objid FROM pg_event_trigger_ddl_commands() c
    )
    SELECT array_agg(a.attachment_id ORDER BY a.attachment_id) INTO altered
    FROM churn.attachments a
    WHERE a.detached_at IS NULL AND EXISTS (
        SELECT FROM commands c
        LEFT JOIN pg_catalog.pg_trigger t
            ON c.classid = 'pg_catalog.pg_trigger'::regclass AND t.oid = c.objid
        WHERE CASE c.classid
            WHEN 'pg_catalog.pg_class'::regclass THEN c.objid IN (a.profile, a.complaints)
            -- The triggers that this itself creates are not followed.
            WHEN 'pg_catalog.pg_trigger'::regclass
                THEN t.tgrelid = a.profile AND t.tgname NOT LIKE 'pgchurn\_%'
            ELSE EXISTS (
                SELECT FROM churn_internal.named_objects(a) n
                WHERE n.classid = c.classid AND n.objid = c.objid
            )
        END
    );
    PERFORM churn_internal.refresh_attachment(a.attachment_id)
    FROM unnest(altered) a (attachment_id);
END $body$;
COMMENT ON FUNCTION churn_internal.follow_altered_tables() IS
    'Event trigger: keeps scoring going when columns are added, renamed or dropped, and '
    'when a type, operator or collation of keys, or its extension, gets another name.';

CREATE OR REPLACE FUNCTION churn_internal.keep_attached_tables() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    dropped record;
BEGIN
    SELECT d.object_identity, a.attachment_id INTO dropped
    FROM pg_event_trigger_dropped_objects() d
    JOIN churn.attachments a ON d.objid IN (a.profile, a.complaints)
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0
      AND a.detached_at IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE dependent_objects_still_exist USING
            MESSAGE = format('cannot drop table %s because it is attached',
                             dropped.object_identity),
            HINT = 'Call churn.detach(profile) first.';
    END IF;
    -- Looked for first, because an UPDATE waits for whoever attaches a table.
    FOR dropped IN
        SELECT a.attachment_id
        FROM pg_event_trigger_dropped_objects() d
        JOIN churn.attachments a ON d.objid = a.profile
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0
          AND a.dropped_at IS NULL
    LOOP
        UPDATE churn.attachments a SET dropped_at = now()
        WHERE a.attachment_id = dropped.attachment_id;
    END LOOP;
    -- Columns that went with their type.
    PERFORM churn_internal.refresh_attachment(a.attachment_id)
    FROM churn.attachments a
    WHERE a.detached_at IS NULL AND EXISTS (
        SELECT FROM pg_event_trigger_dropped_objects() d
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid > 0
          AND d.objid IN (a.profile, a.complaints)
    );
END $body$;
COMMENT ON FUNCTION churn_internal.keep_attached_tables() IS
    'Event trigger: an attached table is detached before it is dropped, one that was '
    'attached is known as dropped, and a dropped column is scored without.';
