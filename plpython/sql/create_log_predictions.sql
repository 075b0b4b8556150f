CREATE OR REPLACE FUNCTION churn_internal.create_log_predictions(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    -- SQL of the feature values by name, as the models take them: real widened, and
    -- character(n) without its blanks. A function takes 100 arguments at most; to make a
    -- row of them first took 6 us more for 14.
    features CONSTANT text := (
        SELECT CASE
            WHEN count(*) <= 50 THEN format('json_build_object(%s)', string_agg(
                format('%L, %s', f.name, f.value), ', ' ORDER BY f.position
            ))
            ELSE format('(SELECT row_to_json(f) FROM (SELECT %s) f)', string_agg(
                format('%s AS %I', f.value, f.name), ', ' ORDER BY f.position
            ))
        END
        FROM (
            SELECT c.attname AS name, c.attnum AS position, format(
                CASE
                    WHEN churn_internal.column_kind(c.atttypid) = 'text' THEN 'n.%I::text'
                    WHEN c.atttypid = 'real'::regtype THEN 'n.%I::double precision'
                    ELSE 'n.%I'
                END,
                c.attname
            ) AS value
            FROM pg_catalog.pg_attribute c
            WHERE c.attrelid = attachment.profile AND c.attnum > 0 AND NOT c.attisdropped
              -- Of every version that was ever active: who stores a score of the one
              -- before while another is activated logs all that it saw, too.
              AND c.attname IN (
                SELECT f.feature ->> 'name'
                FROM churn.deployments d
                JOIN churn.models m ON m.version = d.version
                CROSS JOIN jsonb_array_elements(m.signature -> 'features') f (feature)
                WHERE d.attachment_id = attachment.attachment_id
              )
        ) f
    );
    -- Who waits in the queue has a score of no version.
    insert CONSTANT text := $insert$INSERT INTO churn.predictions (
            attachment_id, key, version, score, features, cause, predicted_at
        )
        SELECT @id@, n.@key@::text, n.churn_model_version, n.churn_score, @features@,
               coalesce(nullif(current_setting('churn.score_cause', true), ''), 'batch'),
               n.churn_scored_at
        FROM updated n
        WHERE n.churn_scored_at > now() AND n.churn_scored_at <= clock_timestamp()
          AND n.churn_model_version IS NOT NULL @sampled@$insert$;
BEGIN
    PERFORM churn_internal.create_from_template(replace($template$
CREATE OR REPLACE FUNCTION churn_internal.log_predictions_@id@()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Mostly all rows of a statement were scored by it, and then a score is later than
    -- the transaction. Where some failed and keep the score they had, it is also later
    -- than all former ones: to ask for these in every statement took a twentieth of a
    -- single INSERT. A join with them, planned when a session's first UPDATE was of one
    -- row, took 10 s instead of 0.2 for 20,000 rows. (What a clock that was ahead has
    -- left behind tells nothing.)
    IF current_setting('churn.score_failed', true) <> '' THEN
        @insert@
          AND n.churn_scored_at > (
            SELECT coalesce(max(f.churn_scored_at), '-infinity') FROM former f
            WHERE f.churn_scored_at <= clock_timestamp()
        );
    ELSE
        @insert@;
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION churn_internal.log_predictions_@id@ IS @comment@;
ALTER FUNCTION churn_internal.log_predictions_@id@ OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.log_predictions_@id@ FROM PUBLIC;
$template$, '@insert@', insert), jsonb_build_object(
        'id', attachment.attachment_id,
        'key', quote_ident(attachment.profile_key),
        'sampled', CASE
            WHEN attachment.log_rate < 1
                THEN format('AND random() < %L::double precision', attachment.log_rate)
            ELSE ''
        END,
        'features', features,
        'comment', quote_literal(format(
            'Trigger of %s: appends stored scores to churn.predictions.',
            churn_internal.table_name(attachment.profile)
        ))
    ));
END
$body$;
COMMENT ON FUNCTION churn_internal.create_log_predictions IS
    'Writes the function that logs an attachment''s scores.';
ALTER FUNCTION churn_internal.create_log_predictions OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.create_log_predictions FROM PUBLIC;
