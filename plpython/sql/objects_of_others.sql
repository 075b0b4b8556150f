CREATE OR REPLACE FUNCTION churn_trust.objects_of_others(profile regclass)
RETURNS TABLE (object text, function regprocedure)
LANGUAGE sql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH tables (relation) AS (
        SELECT churn_trust.tables_of(objects_of_others.profile)
    ),
    outputs AS (
        SELECT r.relation, a.attname AS name, a.attnum AS number, a.attnotnull AS required,
               a.atttypid AS type, c.type AS made
        FROM tables r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.relation
        JOIN (VALUES
            ('complaint_count'::name, 'integer'::regtype), ('last_complaint_at', 'timestamptz'),
            ('churn_score', 'double precision'), ('churn_model_version', 'bigint'),
            ('churn_scored_at', 'timestamptz')
        ) c (name, type) ON c.name = a.attname
    ),
    found AS (
        -- The bit of tgtype for UPDATE, see TRIGGER_TYPE_UPDATE in pg_trigger.h. One for
        -- columns that pgchurn does not write never fires.
        SELECT format('trigger %I of %s', t.tgname, t.tgrelid::regclass) AS object,
               NULL::oid AS classid, NULL::oid AS objid, t.tgfoid AS function
        FROM tables r JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.relation
        JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND t.tgtype & 16 <> 0 AND t.tgenabled <> 'D'
          AND NOT (f.pronamespace = 'churn_internal'::regnamespace
                   AND starts_with(t.tgname, 'pgchurn_'))
          AND (t.tgattr = ''::int2vector OR EXISTS (
            SELECT FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr)
              AND a.attname IN (
                'complaint_count', 'last_complaint_at', 'churn_score', 'churn_model_version',
                'churn_scored_at'
              )
          ))
        UNION ALL
        SELECT format('constraint %I of %s', k.conname, k.conrelid::regclass) AS object,
               'pg_constraint'::regclass AS classid, k.oid AS objid, NULL::oid AS function
        FROM tables r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.relation
        WHERE k.contype = 'c'
        UNION ALL
        SELECT format('generated column %I of %s', a.attname, a.attrelid::regclass) AS object,
               'pg_attrdef'::regclass AS classid, d.oid AS objid, NULL::oid AS function
        FROM tables r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.relation
        JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attgenerated <> '' AND NOT a.attisdropped
        UNION ALL
        SELECT format('rule %I of %s', w.rulename, w.ev_class::regclass) AS object,
               'pg_rewrite'::regclass AS classid, w.oid AS objid, NULL::oid AS function
        FROM pg_catalog.pg_rewrite w
        WHERE w.ev_class = objects_of_others.profile AND w.ev_type = '2' AND w.ev_enabled <> 'D'
        UNION ALL
        -- An index calls its functions whenever a row moves.
        SELECT format('index %s', i.indexrelid::regclass) AS object,
               'pg_class'::regclass AS classid, i.indexrelid AS objid, NULL::oid AS function
        FROM tables r JOIN pg_catalog.pg_index i ON i.indrelid = r.relation
        WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
        UNION ALL
        -- Once somebody publishes it, PostgreSQL refuses every UPDATE.
        SELECT format('missing replica identity of %s', c.oid::regclass) AS object,
               NULL::oid AS classid, NULL::oid AS objid, NULL::oid AS function
        FROM tables r JOIN pg_catalog.pg_class c ON c.oid = r.relation
        WHERE c.relkind = 'r' AND c.relreplident <> 'f' AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_index i
            WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate AND CASE c.relreplident
                WHEN 'd' THEN i.indisprimary
                WHEN 'i' THEN i.indisreplident
            END
        )
        UNION ALL
        -- Nor does it where somebody publishes rows or columns that leave the identity out.
        SELECT format('publication %I of %s', u.pubname, b.prrelid::regclass) AS object,
               NULL::oid AS classid, NULL::oid AS objid, NULL::oid AS function
        FROM tables r JOIN pg_catalog.pg_publication_rel b ON b.prrelid = r.relation
        JOIN pg_catalog.pg_publication u ON u.oid = b.prpubid
        WHERE b.prqual IS NOT NULL OR b.prattrs IS NOT NULL
        UNION ALL
        -- What is asked of pgchurn's own columns.
        SELECT format('index %s', i.indexrelid::regclass) AS object,
               NULL::oid AS classid, NULL::oid AS objid, NULL::oid AS function
        FROM outputs o JOIN pg_catalog.pg_index i ON i.indrelid = o.relation
        WHERE o.number = ANY (i.indkey) AND (i.indisunique OR i.indisexclusion)
        UNION ALL
        SELECT format('foreign key %I of %s', k.conname, k.conrelid::regclass) AS object,
               NULL::oid AS classid, NULL::oid AS objid, NULL::oid AS function
        FROM outputs o JOIN pg_catalog.pg_constraint k
            ON k.conrelid = o.relation AND o.number = ANY (k.conkey)
            OR k.confrelid = o.relation AND o.number = ANY (k.confkey)
        WHERE k.contype = 'f'
        UNION ALL
        SELECT format('column %I of %s', o.name, o.relation::regclass) AS object,
               NULL::oid AS classid, NULL::oid AS objid, NULL::oid AS function
        FROM outputs o
        WHERE (o.name <> 'complaint_count' AND o.required) OR o.type <> o.made
        UNION ALL
        -- It writes as the table's owner, whom nothing then tells from pgchurn.
        SELECT format('foreign key %I of %s', k.conname, k.conrelid::regclass) AS object,
               NULL::oid AS classid, NULL::oid AS objid, NULL::oid AS function
        FROM tables r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.relation
        JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
        JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
        WHERE k.contype = 'f' AND o.rolname = 'churn_owner'
          AND (k.confupdtype IN ('c', 'n', 'd') OR k.confdeltype IN ('n', 'd'))
    )
    SELECT f.object, f.function::regprocedure AS function FROM found f WHERE f.classid IS NULL
    UNION ALL
    SELECT f.object, d.refobjid::regprocedure AS function
    FROM found f
    LEFT JOIN pg_catalog.pg_depend d ON d.classid = f.classid AND d.objid = f.objid
        AND d.refclassid = 'pg_proc'::regclass
    WHERE f.classid IS NOT NULL;
END;
COMMENT ON FUNCTION churn_trust.objects_of_others IS
    'What of others runs whenever a row of a profile is written, or may forbid it, and the '
    'functions that it calls.';
GRANT EXECUTE ON FUNCTION churn_trust.objects_of_others TO churn_owner;
