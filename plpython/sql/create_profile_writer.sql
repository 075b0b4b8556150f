-- Of the superuser who migrates, since nobody else gives a function to the owner of somebody
-- else's table; and so is all that it calls or reads, because churn_owner could put something
-- else in the place of what is its own. What it writes there are five columns that
-- churn.attach has added.
CREATE OR REPLACE FUNCTION churn_trust.create_profile_writer(
    attachment_id integer, profile regclass, write_search_path text
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    profile_name text;
    owner name;
    refusal text;
    deferred record;
    writers text[];
    writer text;
BEGIN
    SELECT format('%I.%I', n.nspname, c.relname), r.rolname INTO STRICT profile_name, owner
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
    WHERE c.oid = profile;

    -- Whoever may create triggers, or owns a function that one calls, would otherwise have
    -- it run with the owner's rights by inserting a complaint.
    SELECT format('%s calls %s, which belongs to %I, who has not the rights of %I, the owner '
                  'of the table', o.object, o.function, r.rolname, owner)
    INTO refusal
    FROM churn_trust.objects_of_others(profile) o
    JOIN pg_catalog.pg_proc f ON f.oid = o.function
    JOIN pg_catalog.pg_roles r ON r.oid = f.proowner
    WHERE NOT r.rolsuper AND NOT pg_has_role(r.oid, owner, 'MEMBER')
    ORDER BY o.object LIMIT 1;

    -- A constraint is set by its name, which others of the schema may have as well: the
    -- writer counts those that have it before it sets one.
    WITH tables (relation) AS (
        SELECT churn_trust.tables_of(profile)
    ),
    outputs AS (
        SELECT a.attrelid, a.attnum
        FROM tables t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.relation
        WHERE a.attname IN (
            'complaint_count', 'last_complaint_at', 'churn_score', 'churn_model_version',
            'churn_scored_at'
        )
    ),
    due AS (
        SELECT k.oid, k.conname AS name, k.connamespace AS schema
        FROM pg_catalog.pg_constraint k
        WHERE k.condeferred AND (
            k.conrelid IN (SELECT t.relation FROM tables t) AND EXISTS (
                SELECT FROM pg_catalog.pg_trigger t
                WHERE t.tgconstraint = k.oid AND NOT t.tgisinternal AND t.tgtype & 16 <> 0
            )
            OR EXISTS (
                SELECT FROM outputs o
                WHERE o.attrelid = k.conrelid AND o.attnum = ANY (k.conkey)
                   OR o.attrelid = k.confrelid AND o.attnum = ANY (k.confkey)
            )
        )
    ),
    named AS (
        SELECT DISTINCT d.name, d.schema FROM due d
    )
    SELECT string_agg(format('%I.%I', s.nspname, n.name), ', ') AS names,
           array_agg(n.name) AS name, array_agg(n.schema) AS schema, sum(bearers.number) AS number
    INTO deferred
    FROM named n
    JOIN pg_catalog.pg_namespace s ON s.oid = n.schema
    CROSS JOIN LATERAL (
        SELECT count(*) AS number FROM pg_catalog.pg_constraint k
        WHERE k.conname = n.name AND k.connamespace = n.schema AND (
            k.conrelid IN (SELECT t.relation FROM tables t)
            OR k.oid IN (SELECT d.oid FROM due d)
        )
    ) bearers;

    EXECUTE churn_trust.fill_template(
        churn_trust.template_update_profiles(),
        jsonb_build_object(
            'id', attachment_id,
            'profile', profile_name,
            -- As statements, where there is something to do: an IF that is always false is
            -- set up in each transaction.
            'before_writing', concat_ws(
                '; ',
                'RAISE insufficient_privilege USING MESSAGE = ' || quote_literal(refusal),
                -- What is checked at commit only would take the complaint with it. But
                -- triggers of another table, were they to be called now, would run with the
                -- owner's rights.
                CASE WHEN deferred.names IS NOT NULL THEN format(
                    'IF (SELECT pg_catalog.count(*) FROM pg_catalog.pg_constraint k '
                    'JOIN ROWS FROM (pg_catalog.unnest(%L::pg_catalog.name[]), '
                    'pg_catalog.unnest(%L::pg_catalog.oid[])) d (name, schema) '
                    'ON k.conname OPERATOR(pg_catalog.=) d.name '
                    'AND k.connamespace OPERATOR(pg_catalog.=) d.schema) '
                    'OPERATOR(pg_catalog.<>) %s THEN '
                    'RAISE insufficient_privilege USING MESSAGE = %L; END IF; EXECUTE %L',
                    deferred.name, deferred.schema, deferred.number,
                    format('a constraint of another table has the name %s', deferred.names),
                    format('SET CONSTRAINTS %s IMMEDIATE', deferred.names)
                ) END,
                -- PL/pgSQL takes no empty statement, and does nothing about this one.
                'NULL'
            ),
            'after_writing', coalesce(
                'EXECUTE '
                || quote_literal('SET CONSTRAINTS ' || deferred.names || ' DEFERRED'),
                'NULL'
            )
        )
    );
    writers := ARRAY(
        SELECT f.oid::regprocedure::text FROM pg_catalog.pg_proc f
        WHERE f.pronamespace = 'churn_internal'::regnamespace
          AND f.proname IN (
            format('update_profile_%s', attachment_id), format('update_profiles_%s', attachment_id)
          )
    );
    PERFORM set_config('search_path', write_search_path || ', pg_temp', true);
    FOREACH writer IN ARRAY writers LOOP
        EXECUTE pg_catalog.format('ALTER FUNCTION %s OWNER TO %I', writer, owner);
        EXECUTE pg_catalog.format('ALTER FUNCTION %s SET search_path FROM CURRENT', writer);
        IF owner OPERATOR(pg_catalog.<>) 'churn_owner' THEN
            EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM %I', writer, owner);
            EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO churn_owner', writer);
        END IF;
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_trust.create_profile_writer IS
    'Writes the function that writes a profile as the owner of its table, where others have '
    'put triggers, checks and the like on it.';
GRANT EXECUTE ON FUNCTION churn_trust.create_profile_writer TO churn_owner;
