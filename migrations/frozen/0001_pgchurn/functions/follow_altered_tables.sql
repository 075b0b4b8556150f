CREATE OR REPLACE FUNCTION churn_internal.follow_altered_tables() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    commands record;
    attachment churn.attachments;
BEGIN
    -- What fits the functions of a table alters two dozen of them itself, and looking for
    -- what each may concern took a fifth of the time.
    IF NOT EXISTS (
        SELECT FROM pg_event_trigger_ddl_commands() c
        WHERE c.object_type <> 'function' OR c.schema_name IS DISTINCT FROM 'churn_internal'
    ) THEN
        RETURN;
    END IF;
    -- Of a cast, a function or a type nothing says which tables it is code of.
    PERFORM churn_internal.check_code_of_others(
        a.profile, a.profile_key, a.complaints, a.complaint_key
    )
    FROM churn.attachments a
    WHERE a.detached_at IS NULL AND EXISTS (
        SELECT FROM pg_event_trigger_ddl_commands() c
        WHERE c.classid IN (
            'pg_catalog.pg_cast'::regclass, 'pg_catalog.pg_proc'::regclass,
            'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_opclass'::regclass,
            'pg_catalog.pg_opfamily'::regclass
        ) AND coalesce(c.schema_name NOT IN ('churn', 'churn_internal'), true)
    );
    -- What something was done to: tables, also by their triggers, rules, indexes, by the
    -- functions of triggers and by publications, and what they are partitions or children
    -- of. The triggers that this itself creates are not followed.
    WITH RECURSIVE touched (classid, objid) AS (
        SELECT c.classid, coalesce(
            t.tgrelid, w.ev_class, i.indrelid, f.tgrelid, b.prrelid, c.objid
        )
        FROM pg_event_trigger_ddl_commands() c
        LEFT JOIN pg_catalog.pg_trigger t
            ON c.classid = 'pg_catalog.pg_trigger'::regclass AND t.oid = c.objid
        LEFT JOIN pg_catalog.pg_rewrite w
            ON c.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = c.objid
        LEFT JOIN pg_catalog.pg_index i
            ON c.classid = 'pg_catalog.pg_class'::regclass AND i.indexrelid = c.objid
        LEFT JOIN pg_catalog.pg_trigger f
            ON c.classid = 'pg_catalog.pg_proc'::regclass AND f.tgfoid = c.objid
        LEFT JOIN pg_catalog.pg_publication_rel b
            ON c.classid = 'pg_catalog.pg_publication_rel'::regclass AND b.oid = c.objid
            OR c.classid = 'pg_catalog.pg_publication'::regclass AND b.prpubid = c.objid
        WHERE (coalesce(t.tgname, f.tgname) LIKE 'pgchurn\_%') IS NOT TRUE
        UNION
        SELECT t.classid, i.inhparent
        FROM touched t JOIN pg_catalog.pg_inherits i ON i.inhrelid = t.objid
    )
    SELECT array_agg(t.classid) AS classes, array_agg(t.objid) AS objects
    INTO commands FROM touched t;
    FOR attachment IN
        SELECT a.* FROM churn.attachments a
        WHERE a.detached_at IS NULL AND (
            a.profile = ANY (commands.objects) OR a.complaint_tables::oid[] && commands.objects
            -- Whose partition or child it has become.
            OR EXISTS (
                SELECT FROM pg_catalog.pg_inherits i
                WHERE i.inhrelid IN (a.profile, a.complaints)
                  AND i.inhparent = ANY (commands.objects)
            )
            OR EXISTS (
                SELECT FROM unnest(commands.classes, commands.objects) c (classid, objid)
                JOIN churn_internal.named_objects(a) n
                    ON n.classid = c.classid AND n.objid = c.objid
                WHERE c.classid <> 'pg_catalog.pg_class'::regclass
            )
        )
        ORDER BY a.attachment_id
    LOOP
        PERFORM churn_internal.check_inheritance(
            attachment.profile, attachment.complaints, are_attached => true
        );
        -- A command that is about a column, and after which one is missing, renamed it.
        UPDATE churn.attachments a SET outcome_label = r.attname
        FROM pg_event_trigger_ddl_commands() c
        JOIN pg_catalog.pg_attribute r ON r.attrelid = c.objid AND r.attnum = c.objsubid
        WHERE a.attachment_id = attachment.attachment_id
          AND c.classid = 'pg_catalog.pg_class'::regclass AND c.objid = a.profile
          AND c.objsubid > 0 AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_attribute l
            WHERE l.attrelid = a.profile AND l.attname = a.outcome_label AND NOT l.attisdropped
        ) AND a.outcome_label IS NOT NULL;
        PERFORM churn_internal.refresh_attachment(attachment.attachment_id);
        PERFORM churn_internal.check_writing(attachment.attachment_id);
        PERFORM churn_internal.remark_renamed(a, commands.objects)
        FROM churn.attachments a WHERE a.attachment_id = attachment.attachment_id;
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.follow_altered_tables() IS
    'Event trigger: keeps scoring going when columns are added, renamed or dropped, and '
    'when a type, operator or collation of keys, or its extension, gets another name; refuses '
    'what would have reading them run code of others.';

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
    -- Columns that went with their type, partitions of complaints, and triggers, rules and
    -- indexes.
    PERFORM churn_internal.refresh_attachment(a.attachment_id)
    FROM churn.attachments a
    WHERE a.detached_at IS NULL AND EXISTS (
        SELECT FROM pg_event_trigger_dropped_objects() d
        WHERE (d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid > 0
               AND d.objid IN (a.profile, a.complaints))
           OR (d.classid = 'pg_catalog.pg_class'::regclass
               AND d.objid = ANY (a.complaint_tables::oid[]))
           -- Nothing says any more whose an index was.
           OR (a.guarded AND d.object_type = 'index')
           OR (d.object_type IN ('trigger', 'rule') AND d.object_identity NOT LIKE 'pgchurn\_%'
               AND EXISTS (
                   SELECT FROM churn_trust.tables_of(a.profile) t (relation)
                   JOIN pg_catalog.pg_class c ON c.oid = t.relation
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = d.address_names[1] AND c.relname = d.address_names[2]
               ))
    );
END $body$;
COMMENT ON FUNCTION churn_internal.keep_attached_tables() IS
    'Event trigger: an attached table is detached before it is dropped, one that was '
    'attached is known as dropped, and a dropped column is scored without.';
