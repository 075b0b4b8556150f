CREATE OR REPLACE FUNCTION churn.why_changed(profile regclass, key text)
RETURNS TABLE (what text, former text, current text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    logged CONSTANT churn.predictions[] := ARRAY(
        SELECT p FROM churn.predictions p
        WHERE p.attachment_id = attachment.attachment_id AND p.key = why_changed.key
        ORDER BY p.predicted_at DESC LIMIT 2
    );
BEGIN
    IF cardinality(logged) < 2 THEN
        RAISE no_data_found USING
            MESSAGE = format('fewer than two scores of customer %s are logged',
                             coalesce(key, 'null')),
            DETAIL = CASE cardinality(logged)
                WHEN 0 THEN 'There is none.'
                ELSE format('There is one, of %s.', logged[1].predicted_at)
            END,
            HINT = CASE
                WHEN attachment.log_rate < 1 THEN format(
                    'Call churn.set_prediction_log(%L, 1), so that every score is logged.',
                    churn_internal.table_name(profile)
                )
                ELSE 'Every score is logged from now on: ask after the next one.'
            END;
    END IF;
    RETURN QUERY
    SELECT v.what, v.former, v.current
    FROM (VALUES
        ('score', logged[2].score::text, logged[1].score::text),
        ('version', logged[2].version::text, logged[1].version::text),
        ('cause', logged[2].cause, logged[1].cause),
        ('predicted_at', logged[2].predicted_at::text, logged[1].predicted_at::text)
    ) v (what, former, current)
    UNION ALL
    SELECT f.name, f.former, f.current
    FROM (
        SELECT coalesce(n.key, o.key), o.value, n.value, n.number, o.number
        FROM json_each_text(logged[1].features)
            WITH ORDINALITY n (key, value, number)
        FULL JOIN json_each_text(logged[2].features)
            WITH ORDINALITY o (key, value, number) ON o.key = n.key
        ORDER BY n.number, o.number
    ) f (name, former, current)
    WHERE f.former IS DISTINCT FROM f.current
      -- What neither version takes explains nothing.
      AND EXISTS (
        SELECT FROM churn.models m, jsonb_array_elements(m.signature -> 'features') s
        WHERE m.version IN (logged[1].version, logged[2].version)
          AND s ->> 'name' = f.name
      );
END $body$;
COMMENT ON FUNCTION churn.why_changed IS
    'The last two logged scores of a customer side by side, with the features that differ.';
GRANT EXECUTE ON FUNCTION churn.why_changed TO churn_loader, churn_scorer;
