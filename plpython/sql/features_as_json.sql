CREATE OR REPLACE FUNCTION churn_internal.features_as_json(
    attachment churn.attachments, row_name text
) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    -- A function takes 100 arguments at most; to make a row of them first took 6 us more
    -- for 14.
    SELECT CASE
        WHEN count(*) <= 50 THEN format('json_build_object(%s)', string_agg(
            format('%L, %s', f.name, f.value), ', ' ORDER BY f.position
        ))
        ELSE format('(SELECT row_to_json(f) FROM (SELECT %s) f)', string_agg(
            format('%s AS %I', f.value, f.name), ', ' ORDER BY f.position
        ))
    END
    FROM (
        SELECT c.attname AS name, c.attnum AS position, CASE
            WHEN churn_internal.column_kind(c.atttypid) = 'text'
                THEN churn_internal.feature_expression(
                    c.atttypid, c.atttypmod, format('%s.%I', row_name, c.attname)
                )
            ELSE format('%s.%I', row_name, c.attname)
        END AS value
        FROM pg_catalog.pg_attribute c
        WHERE c.attrelid = attachment.profile AND c.attnum > 0 AND NOT c.attisdropped
          -- Of every version that was ever active: who stores a score of the one
          -- before while another is activated logs all that it saw, too.
          AND c.attname IN (
            SELECT f.feature ->> 'name'
            FROM churn.deployments d
            JOIN churn.models m ON m.version IN (d.version, d.challenger)
            CROSS JOIN jsonb_array_elements(m.signature -> 'features') f (feature)
            WHERE d.attachment_id = attachment.attachment_id
          )
    ) f;
END;
COMMENT ON FUNCTION churn_internal.features_as_json IS
    'SQL of a profile row''s feature values by name, of every version that was ever active: '
    'numbers as they are, and texts as models take them.';
