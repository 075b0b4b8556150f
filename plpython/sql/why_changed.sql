CREATE OR REPLACE FUNCTION churn.why_changed(profile regclass, key text)
RETURNS TABLE (what text, former text, current text, points double precision)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    logged CONSTANT churn.predictions[] := ARRAY(
        SELECT p FROM churn.predictions p
        WHERE p.attachment_id = attachment.attachment_id AND p.key = why_changed.key
        ORDER BY p.predicted_at DESC LIMIT 2
    );
    is_same_version boolean;
    -- What each feature contributes to the change, by its name.
    causes jsonb := jsonb_build_object();
    total double precision;
    reason text;
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
    is_same_version := logged[1].version = logged[2].version;
    BEGIN
        SELECT coalesce(jsonb_object_agg(c.feature, c.points), '{}'), coalesce(sum(c.points), 0)
        INTO causes, total
        FROM churn_internal.explain_change(
            logged[1].version, logged[2].features, logged[1].features,
            CASE WHEN is_same_version THEN logged[2].score END, logged[1].score
        ) c;
    -- Of a version that was deleted, or does not score any more.
    EXCEPTION WHEN object_not_in_prerequisite_state OR insufficient_privilege THEN
        GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
        RAISE NOTICE 'the change is not explained: %', churn_internal.representable(reason);
    END;
    RETURN QUERY
    SELECT v.what, v.former, v.current, v.points
    FROM (VALUES
        ('score', logged[2].score::text, logged[1].score::text,
         logged[1].score - logged[2].score),
        ('version', logged[2].version::text, logged[1].version::text, NULL),
        ('cause', logged[2].cause, logged[1].cause, NULL),
        ('predicted_at', logged[2].predicted_at::text, logged[1].predicted_at::text, NULL)
    ) v (what, former, current, points);
    RETURN QUERY
    SELECT c.what, c.former, c.current, c.points
    FROM (
        SELECT 'another model', logged[2].version::text, logged[1].version::text,
               logged[1].score - logged[2].score - total, 0::bigint
        WHERE NOT is_same_version
        UNION ALL
        SELECT f.name, f.former, f.current,
               -- What the version does not take has no part in what it gives.
               coalesce((causes ->> f.name)::double precision, CASE
                   WHEN total IS NOT NULL THEN 0
               END),
               f.place
        FROM (
            SELECT coalesce(n.key, o.key), o.value, n.value, coalesce(n.number, o.number)
            FROM json_each_text(logged[1].features)
                WITH ORDINALITY n (key, value, number)
            FULL JOIN json_each_text(logged[2].features)
                WITH ORDINALITY o (key, value, number) ON o.key = n.key
        ) f (name, former, current, place)
        WHERE f.former IS DISTINCT FROM f.current
          -- What neither version takes explains nothing.
          AND EXISTS (
            SELECT FROM churn.models m, jsonb_array_elements(m.signature -> 'features') s
            WHERE m.version IN (logged[1].version, logged[2].version)
              AND s ->> 'name' = f.name
          )
    ) c (what, former, current, points, place)
    ORDER BY abs(c.points) DESC NULLS LAST, c.place;
END $body$;
COMMENT ON FUNCTION churn.why_changed IS
    'The last two logged scores of a customer side by side, with the features that differ, and '
    'what each contributes to the difference.';
GRANT EXECUTE ON FUNCTION churn.why_changed TO churn_loader, churn_scorer;
