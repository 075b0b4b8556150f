CREATE OR REPLACE FUNCTION churn_internal.logging(
    attachment churn.attachments, is_logged text, cause text, counted_in text DEFAULT NULL,
    alone boolean DEFAULT false
) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    -- What others have put on a table is asked to write it by its owner, and there a trigger
    -- logs. Where nobody has, the statement that writes logs as well: with a trigger a
    -- single INSERT took 78,000 instructions more, 17,000 of them for its condition, which
    -- PostgreSQL reads and plans in every UPDATE. And it knows which scores are new.
    SELECT CASE
        WHEN attachment.guarded OR attachment.log_rate = 0 THEN jsonb_build_object(
            'begin_log', 'nothing.',
            'end_log', CASE
                WHEN counted_in IS NULL THEN 'nothing.'
                ELSE format(
                    E'Nothing is logged.\n        ;\n        GET DIAGNOSTICS %I = ROW_COUNT',
                    counted_in
                )
            END
        )
        ELSE jsonb_build_object(
            'begin_log', E'what it stores.\n        WITH stored AS (',
            'end_log', format(
                E'\n        RETURNING p.%1$I::text AS key, p.churn_model_version AS version,'
                '\n                  p.churn_score AS score, p.churn_scored_at AS scored_at,'
                '\n                  CASE WHEN %2$s THEN %3$s END AS features'
                '\n        )',
                attachment.profile_key, is_logged,
                churn_internal.features_as_json(attachment, 'p', alone)
            ) || format(
                CASE
                    WHEN counted_in IS NULL THEN '%1$s'
                    ELSE E', logged AS (%1$s\n        )'
                         '\n        SELECT count(*) INTO %2$I FROM stored'
                END,
                format(
                    E'\n        INSERT INTO churn.predictions ('
                    '\n            attachment_id, key, version, score, features, cause,'
                    '\n            predicted_at'
                    '\n        )'
                    '\n        SELECT %1$s, s.key, s.version, s.score, s.features, %2$s,'
                    '\n               s.scored_at'
                    '\n        FROM stored s WHERE s.features IS NOT NULL',
                    attachment.attachment_id, cause
                ),
                counted_in
            )
        )
    END;
END;
COMMENT ON FUNCTION churn_internal.logging IS
    'What stands before and after an UPDATE of a profile for it to log the scores that it '
    'stores: those of rows of which is_logged, SQL, is true, under this cause, SQL. '
    'counted_in: the variable that holds how many rows were updated.';
