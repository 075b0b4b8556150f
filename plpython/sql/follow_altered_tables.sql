CREATE OR REPLACE FUNCTION churn_internal.follow_altered_tables() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM churn_internal.refresh_attachment(a.attachment_id)
    FROM churn.attachments a
    WHERE a.detached_at IS NULL AND EXISTS (
        SELECT FROM pg_event_trigger_ddl_commands() c
        LEFT JOIN pg_catalog.pg_trigger t
            ON c.classid = 'pg_catalog.pg_trigger'::regclass AND t.oid = c.objid
        WHERE c.classid = 'pg_catalog.pg_namespace'::regclass
           OR (c.classid = 'pg_catalog.pg_class'::regclass
               AND c.objid IN (a.profile, a.complaints))
           -- The triggers that this itself creates are not followed.
           OR (t.tgrelid = a.profile AND t.tgname NOT LIKE 'pgchurn\_%')
    );
END $body$;
COMMENT ON FUNCTION churn_internal.follow_altered_tables() IS
    'Event trigger: keeps scoring going when columns are added, renamed or dropped.';

CREATE OR REPLACE FUNCTION churn_internal.keep_attached_tables() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    dropped record;
BEGIN
    SELECT d.object_identity, a.attachment_id INTO dropped
    FROM pg_event_trigger_dropped_objects() d
    JOIN churn.attachments a ON d.objid IN (a.profile, a.complaints)
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0
      AND a.detached_at IS NULL
    LIMIT 1;
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
