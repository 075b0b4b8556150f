CREATE OR REPLACE FUNCTION churn.forget(profile regclass, key text)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment churn.attachments;
    comparison record;
    key_type text;
    -- SQL: what a key is compared with to equal the text $3, and whether the text k.key is
    -- among the spellings $2 or equals it.
    equals_key text;
    names_key text := 'k.key = ANY ($2)';
    spellings text[];
BEGIN
    PERFORM churn_internal.check_isolation(
        'nobody can be forgotten', 'What was stored after it began would stay.'
    );
    IF forget.key IS NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'key is null',
            HINT = 'Pass the key of the profile row, as text.';
    END IF;
    SELECT a.* INTO attachment
    FROM churn.attachments a
    WHERE a.profile = forget.profile
      AND (a.dropped_at IS NULL) = EXISTS (
        SELECT FROM pg_catalog.pg_class c WHERE c.oid = forget.profile
      );
    IF NOT FOUND THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('table %s was never attached', coalesce(forget.profile::text, 'null')),
            HINT = 'SELECT profile, profile_name FROM churn.attachments lists those that were.';
    END IF;
    SELECT c.* INTO comparison
    FROM churn_internal.key_comparison(
        attachment.profile, attachment.profile_key, attachment.complaints,
        attachment.complaint_key
    ) c;
    key_type := churn_internal.type_name(comparison.key_type);
    spellings := churn_internal.key_spellings(key_type, forget.key);
    equals_key := format(
        '%s $3::%s', churn_internal.operator_name(comparison.equals_key),
        churn_internal.type_name(comparison.key_type, comparison.key_collation)
    );
    IF comparison.equals_key IS NOT NULL AND NOT comparison.one_text THEN
        names_key := format('(%s OR k.key::%s %s)', names_key, key_type, equals_key);
    END IF;

    -- First, because who scores a batch locks its range before profiles.
    relation := 'churn_internal.rescore_ranges';
    EXECUTE format(
        'SELECT count(*)
         FROM churn_internal.rescore_runs r
         JOIN churn_internal.rescore_ranges g ON g.run_id = r.run_id
         WHERE r.attachment_id = $1 AND EXISTS (
            SELECT FROM (VALUES (g.after_key), (g.through_key)) k (key) WHERE %s
         )', names_key
    ) INTO rows USING attachment.attachment_id, spellings, forget.key;
    IF rows > 0 THEN
        PERFORM churn_internal.abandon_rescoring(attachment.attachment_id);
        RETURN NEXT;
    END IF;
    -- Waits for whoever is storing a score of this customer.
    IF attachment.detached_at IS NULL THEN
        EXECUTE format(
            'SELECT FROM %s p WHERE p.%I %s FOR NO KEY UPDATE',
            churn_internal.table_name(forget.profile), attachment.profile_key,
            equals_key
        ) USING attachment.attachment_id, spellings, forget.key;
    END IF;
    FOREACH relation IN ARRAY ARRAY[
        'churn_internal.pending_profiles', 'churn_internal.failed_profiles',
        'churn.predictions', 'churn.outbox', 'churn.outcomes', 'churn.actions',
        'churn.exposures'
    ]::regclass[] LOOP
        -- A customer who stays and waits, which a score without a version says, is scored:
        -- once out of the queue nobody would come back. What that logs goes as well.
        IF relation = 'churn.predictions'::regclass AND attachment.detached_at IS NULL THEN
            EXECUTE format(
                'SELECT churn_internal.write_profiles_%s(array_agg(p.%2$I::%5$s), ARRAY[0], NULL)
                 FROM %3$s p WHERE p.%2$I %4$s AND p.churn_score IS NOT NULL
                   AND p.churn_model_version IS NULL HAVING count(*) > 0',
                attachment.attachment_id, attachment.profile_key,
                churn_internal.table_name(forget.profile), equals_key,
                churn_internal.type_name(comparison.common_type)
            ) USING attachment.attachment_id, spellings, forget.key;
        END IF;
        EXECUTE format(
            'DELETE FROM %s k WHERE k.attachment_id = $1 AND %s', relation,
            names_key
        ) USING attachment.attachment_id, spellings, forget.key;
        GET DIAGNOSTICS rows = ROW_COUNT;
        IF rows > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn.forget IS
    'Takes a customer out of the log, the outbox, outcomes, actions, experiments, the queue and '
    'unfinished runs, and says how many rows of what are gone; the company''s own tables stay as they are. Delete the profile row '
    'first, or its next score is stored again. What a replication slot has still to send is sent '
    'all the same, and backups keep what they hold.';
-- Superusers', until a DBA grants it: it deletes what auditors may ask for.
