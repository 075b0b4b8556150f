CREATE OR REPLACE FUNCTION churn_internal.attachment_placeholders(
    attachment churn.attachments
) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    profile CONSTANT text := churn_internal.table_name(attachment.profile);
    complaints CONSTANT text := churn_internal.table_name(attachment.complaints);
    complaint_time CONSTANT text := churn_internal.complaint_time(attachment);
    has_texts CONSTANT boolean := attachment.text_columns <> '{}';
    key record;
    -- Equal keys that have different texts are marked by the text of the profile's.
    one_text boolean;
    mark text;
    changes_before record;
BEGIN
    SELECT k.* INTO key
    FROM churn_internal.key_comparison(
        attachment.profile, attachment.profile_key, attachment.complaints,
        attachment.complaint_key
    ) k;
    one_text := key.one_text AND (
        key.common_type = key.key_type
        OR (SELECT bool_and(t.typcategory = 'S') OR bool_and(t.oid IN (
                'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype
            ))
            FROM pg_catalog.pg_type t WHERE t.oid IN (key.key_type, key.common_type))
    );
    -- No type by its name alone: where a score failed there is no search_path to say that
    -- types of temporary schemas, which anybody may create, come last.
    mark := CASE WHEN one_text THEN 'key::pg_catalog.text' ELSE format(
        'coalesce((SELECT p.%1$I::pg_catalog.text FROM %2$s p WHERE p.%1$I %3$s key), '
        'key::pg_catalog.text)',
        attachment.profile_key, profile, churn_internal.operator_name(key.equals_common)
    ) END;
    -- The bits of tgtype for ROW and BEFORE, for UPDATE, and for DELETE, see pg_trigger.h.
    SELECT coalesce(bool_or(t.tgtype & 16 <> 0), false) AS update,
           coalesce(bool_or(t.tgtype & 8 <> 0), false) AS delete
    INTO changes_before
    FROM churn_trust.tables_of(attachment.profile) r (relation)
    JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.relation
    WHERE t.tgtype & 3 = 3 AND t.tgenabled <> 'D';
    RETURN jsonb_build_object(
        'id', attachment.attachment_id,
        'layout', quote_literal(churn_internal.layout(attachment)),
        -- As churn_trust.keys_in_force has them, which takes longer to call. In no order,
        -- since to sort them took as long again.
        'trusted_keys', 'ARRAY(SELECT k.fingerprint FROM churn_trust.trusted_keys k '
                        'WHERE k.revoked_at IS NULL)',
        'most_rows', churn_internal.most_rows(attachment),
        'profile', profile,
        'profile_name', quote_literal(profile),
        'key', quote_ident(attachment.profile_key),
        -- Types to declare with; to cast to, their collation as well, since that of a
        -- mark or a complaint is another; and operators that no search_path has to find.
        'key_type', churn_internal.type_name(key.key_type),
        'key_order', churn_internal.type_name(key.key_type, key.key_collation),
        'common_type', churn_internal.type_name(key.common_type),
        'common_order', churn_internal.type_name(key.common_type, key.key_collation),
        'reference_order', churn_internal.type_name(
            key.reference_type, key.reference_collation
        ),
        'equals_key', churn_internal.operator_name(key.equals_key),
        'equals_common', churn_internal.operator_name(key.equals_common),
        'reference_equals', churn_internal.operator_name(key.reference_equals),
        'is_after', churn_internal.operator_name(key.is_after),
        'is_through', churn_internal.operator_name(key.is_through),
        'mark', mark,
        'recounted_marks', CASE WHEN one_text THEN 'recounted::text[]' ELSE format(
            'ARRAY(SELECT p.%1$I::text FROM %2$s p WHERE p.%1$I %3$s ANY (recounted))',
            attachment.profile_key, profile, churn_internal.operator_name(key.equals_common)
        ) END,
        -- What a key's text is may be up to the session, and a mark is read by another.
        'key_texts_vary', (
            SELECT NOT bool_and(t.typcategory IN ('B', 'E', 'I', 'S') OR t.oid IN (
                'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype,
                'numeric'::regtype, 'oid'::regtype, 'uuid'::regtype
            ))
            FROM pg_catalog.pg_type t
            WHERE t.oid IN (key.key_type, key.common_type, key.reference_type)
        ),
        'complaints', complaints,
        'complaint_key', quote_ident(attachment.complaint_key),
        -- Without a time of its own a complaint was made when it was inserted.
        'complaint_time', coalesce(complaint_time, 'now()'),
        'latest_complaint', coalesce('max(' || complaint_time || ')', 'NULL::timestamptz'),
        'latest', CASE
            WHEN complaint_time IS NULL
                THEN 'greatest(p.last_complaint_at, given.latest)'
            ELSE 'counted.latest'
        END,
        'expected_latest', CASE
            WHEN complaint_time IS NULL THEN 'p.last_complaint_at'
            ELSE 'counted.latest'
        END,
        'guarded', attachment.guarded,
        -- Whether a write of pgchurn's may change features in turn, before it is done.
        'derives', EXISTS (
            SELECT FROM churn_trust.tables_of(attachment.profile) r (relation)
            JOIN pg_catalog.pg_attribute c ON c.attrelid = r.relation
            WHERE c.attgenerated <> '' AND NOT c.attisdropped
        ) OR changes_before.update OR EXISTS (
            SELECT FROM pg_catalog.pg_rewrite w
            WHERE w.ev_class = attachment.profile AND w.ev_type = '2'
        ) OR attachment.guarded AND EXISTS (
            -- A function of a check writes at the depth of what it checks.
            SELECT FROM churn_trust.objects_of_others(attachment.profile) o
            JOIN pg_catalog.pg_proc f ON f.oid = o.function
            WHERE o.object NOT LIKE 'trigger %' AND f.provolatile = 'v'
        ),
        'changes_before_update', changes_before.update,
        'changes_before_delete', changes_before.delete,
        'changes_before', changes_before.update OR changes_before.delete,
        'by_pgchurn', CASE
            WHEN attachment.guarded THEN 'true'
            ELSE 'current_user = ''churn_owner''::text'
        END,
        'by_others', CASE
            WHEN attachment.guarded THEN 'true'
            ELSE 'current_user <> ''churn_owner''::text'
        END,
        'queued', attachment.scoring_mode = 'queued',
        'logged', attachment.log_rate > 0,
        'records_labels', attachment.outcome_label IS NOT NULL,
        'relabels', churn_internal.changed_outcome(attachment, 'f', 'p'),
        'present_outcome', churn_internal.outcome_expression(attachment, 'p'),
        'former_image', churn_internal.row_image(attachment, 'f'),
        'present_image', churn_internal.row_image(attachment, 'p'),
        'carried', format(
            '%L::text[]', (attachment.number_columns || attachment.text_columns)::text[]
        ),
        'changed_features', churn_internal.changed_features(attachment, 'f', 'p'),
        -- Arrays of nothing cannot be accumulated.
        'text_rows', CASE WHEN has_texts THEN 'array_agg(r.texts)' ELSE 'NULL::text[]' END,
        'unqueued_text_rows', CASE
            WHEN has_texts THEN 'array_agg(r.texts) FILTER (WHERE NOT queued)'
            ELSE 'NULL::text[]'
        END,
        -- Whole literals: what a backslash in a name means is up to the session.
        'verify_comment', quote_literal(format(
            'Counters and scores of %s that disagree with the truth.', profile
        )),
        'complaints_comment', quote_literal(format(
            'Trigger of %s: keeps counters and scores of %s right.', complaints, profile
        )),
        'profile_comment', quote_literal(format(
            'Trigger of %s: scores rows that are new or whose features changed.', profile
        )),
        'changing_comment', quote_literal(format(
            'Trigger of %s: counts what triggers of others change at the end of a statement.',
            profile
        )),
        'log_comment', quote_literal(format(
            'Trigger of %s: appends stored scores to churn.predictions.', profile
        )),
        'publish_comment', quote_literal(format(
            'Trigger of %s: tells consumers of the scores that were stored.', profile
        ))
    ) || jsonb_build_object(
        -- As statements, where there is something to do: an IF that is always false is set up
        -- in each transaction, and two of them took a fortieth of a single INSERT.
        'first_of_complaints', concat_ws(
            '; ',
            CASE WHEN changes_before.update OR changes_before.delete THEN format(
                'IF current_setting(''churn.entered'', true) <> '''' '
                'AND churn_internal.count_later(''change %s'', txid_current(), '
                'current_setting(''churn.entered'', true), '
                'ARRAY(SELECT c.%I::%s::text FROM inserted c)) THEN RETURN NULL; END IF',
                attachment.attachment_id, attachment.complaint_key,
                churn_internal.type_name(key.common_type, key.key_collation)
            ) END,
            -- In a condition, since PERFORM takes longer. What is scored at once, and logged
            -- without a trigger, names its cause itself.
            CASE
                WHEN attachment.log_rate > 0
                     AND (attachment.guarded OR attachment.scoring_mode = 'queued')
                    THEN 'IF set_config(''churn.score_cause'', ''complaint'', true) IS NULL THEN '
                         'END IF'
            END,
            -- PL/pgSQL takes no empty statement, and does nothing about this one.
            'NULL'
        ),
        'sampled', CASE
            WHEN attachment.log_rate < 1
                THEN format('random() < %L::double precision', attachment.log_rate)
            ELSE 'true'
        END,
        'version_of_arm', CASE
            WHEN one_text AND key.common_type IN (
                'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype
            ) THEN 'churn_internal.version_of_integer(arms, key)'
            ELSE format(
                'churn_internal.version_of_arm(arms, convert_to(%s, ''SQL_ASCII''))', mark
            )
        END
    );
END $body$;
COMMENT ON FUNCTION churn_internal.attachment_placeholders IS
    'What stands for the placeholders of the templates in an attachment''s functions.';
