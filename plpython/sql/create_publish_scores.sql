CREATE OR REPLACE FUNCTION churn_internal.create_publish_scores(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    publishes CONSTANT boolean :=
        attachment.notifications <> 'off' OR attachment.outbox <> 'off';
    crosses CONSTANT text := '(n.churn_score >= %1$L::double precision) IS DISTINCT FROM '
        'coalesce(f.churn_score >= %1$L::double precision, false)';
    placeholders CONSTANT jsonb := jsonb_build_object(
        'id', attachment.attachment_id,
        'profile', churn_internal.table_name(attachment.profile),
        'profile_name', quote_literal(churn_internal.table_name(attachment.profile)),
        'key', quote_ident(attachment.profile_key),
        'notifies', attachment.notifications <> 'off',
        'is_told', CASE attachment.notifications
            WHEN 'threshold' THEN format(crosses, attachment.notification_threshold)
            ELSE 'true'
        END,
        'writes_outbox', attachment.outbox <> 'off',
        'is_written', CASE attachment.outbox
            WHEN 'threshold' THEN format(crosses, attachment.outbox_threshold)
            ELSE 'true'
        END,
        'comment', quote_literal(format(
            'Trigger of %s: tells consumers of the scores that were stored.',
            churn_internal.table_name(attachment.profile)
        ))
    );
    -- Null: there is no trigger.
    fires boolean;
BEGIN
    SELECT pg_get_triggerdef(t.oid) NOT LIKE '% WHEN (false) %' INTO fires
    FROM pg_catalog.pg_trigger t
    WHERE t.tgrelid = attachment.profile
      AND t.tgname = format('pgchurn_%s_downstream', attachment.attachment_id);

    IF publishes THEN
        PERFORM churn_internal.create_from_template($template$
CREATE OR REPLACE FUNCTION churn_internal.publish_scores_@id@()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- A session keeps the plan that it made for its first statement: made for one row, it
-- compared each of a thousand rows with all the others.
SET enable_nestloop = off
AS $function$
#variable_conflict use_column
DECLARE
    payloads text[];
BEGIN
    IF @writes_outbox@ THEN
        INSERT INTO churn.outbox (
            attachment_id, profile, key, former_score, score, former_version, version,
            scored_at
        )
        SELECT @id@, @profile_name@, n.@key@, f.churn_score, n.churn_score,
               f.churn_model_version, n.churn_model_version, n.churn_scored_at
        FROM updated n
        JOIN former f ON f.@key@ = n.@key@
        WHERE f.churn_scored_at IS DISTINCT FROM n.churn_scored_at
          AND @is_written@;
    END IF;
    IF @notifies@ THEN
        -- The server refuses a notification of 8000 bytes. A key takes six times its
        -- length in JSON at most, when all of it is control characters.
        payloads := ARRAY(
            SELECT CASE
                WHEN octet_length(n.@key@::text) <= 1000 THEN json_build_object(
                    'profile', @profile_name@, 'key', n.@key@::text,
                    'former_score', f.churn_score, 'score', n.churn_score,
                    'version', n.churn_model_version
                )
                ELSE json_build_object(
                    'profile', @profile_name@, 'key_md5', md5(n.@key@::text),
                    'former_score', f.churn_score, 'score', n.churn_score,
                    'version', n.churn_model_version
                )
            END
            FROM updated n
            JOIN former f ON f.@key@ = n.@key@
            WHERE f.churn_scored_at IS DISTINCT FROM n.churn_scored_at
              AND @is_told@
            LIMIT 1001
        );
        IF cardinality(payloads) <= 1000 THEN
            PERFORM pg_notify('churn_scores', p.payload)
            FROM unnest(payloads) p (payload);
        ELSE
            -- One for all of them, and no listener has to keep up with a whole table.
            PERFORM pg_notify('churn_scores', json_build_object(
                'profile', @profile_name@, 'rows', count(*),
                'scored_from', min(n.churn_scored_at),
                'scored_to', max(n.churn_scored_at),
                'version', max(n.churn_model_version)
            )::text)
            FROM updated n
            JOIN former f ON f.@key@ = n.@key@
            WHERE f.churn_scored_at IS DISTINCT FROM n.churn_scored_at
              AND @is_told@;
        END IF;
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION churn_internal.publish_scores_@id@ IS @comment@;
ALTER FUNCTION churn_internal.publish_scores_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.publish_scores_@id@ FROM PUBLIC;
$template$, placeholders);
    END IF;

    -- A trigger is not replaced by its like: that would enable what somebody disabled.
    IF publishes AND fires IS NOT TRUE THEN
        -- What others write into the columns of pgchurn is no score, and is scored anew.
        PERFORM churn_internal.create_from_template($template$
CREATE OR REPLACE TRIGGER pgchurn_@id@_downstream AFTER UPDATE ON @profile@
    REFERENCING OLD TABLE AS former NEW TABLE AS updated
    FOR EACH STATEMENT WHEN (current_user = 'churn_owner'::text)
    EXECUTE FUNCTION churn_internal.publish_scores_@id@();
$template$, placeholders);
    ELSIF fires AND NOT publishes THEN
        -- Only the table's owner could drop it: it stays and never fires.
        PERFORM churn_internal.create_from_template($template$
CREATE OR REPLACE TRIGGER pgchurn_@id@_downstream AFTER UPDATE ON @profile@
    FOR EACH STATEMENT WHEN (false)
    EXECUTE FUNCTION churn_internal.publish_scores_@id@();
$template$, placeholders);
    END IF;
    -- Nor may anybody but the owner comment on it.
    IF publishes AND (
        SELECT pg_has_role(c.relowner, 'USAGE')
        FROM pg_catalog.pg_class c WHERE c.oid = attachment.profile
    ) THEN
        PERFORM churn_internal.create_from_template($template$
COMMENT ON TRIGGER pgchurn_@id@_downstream ON @profile@ IS
    'Tells consumers of the scores that were stored.';
$template$, placeholders);
    END IF;
END
$body$;
COMMENT ON FUNCTION churn_internal.create_publish_scores IS
    'Writes the trigger that tells consumers of an attachment''s scores, or silences it.';
ALTER FUNCTION churn_internal.create_publish_scores OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.create_publish_scores FROM PUBLIC;
