CREATE OR REPLACE FUNCTION churn_internal.with_columns(
    attachment churn.attachments, names text[]
) RETURNS churn.attachments
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- Those that can travel as integers first: see churn_internal.feature_arrays.
    SELECT coalesce(array_agg(
               c.attname ORDER BY churn_internal.is_integer(c.atttypid) DESC, c.attnum
           ) FILTER (WHERE k.kind IN ('number', 'boolean')), '{}'),
           coalesce(array_agg(c.attname ORDER BY c.attnum)
               FILTER (WHERE k.kind = 'text'), '{}')
    INTO attachment.number_columns, attachment.text_columns
    FROM pg_catalog.pg_attribute c, churn_internal.column_kind(c.atttypid) k (kind)
    WHERE c.attrelid = attachment.profile AND c.attnum > 0 AND NOT c.attisdropped
      AND c.attname NOT IN (attachment.profile_key, 'churn_score', 'churn_model_version')
      AND (names IS NULL OR c.attname = ANY (names));
    RETURN attachment;
END $body$;
COMMENT ON FUNCTION churn_internal.with_columns IS
    'An attachment as it would be with these of its profile''s columns as features, as far '
    'as they are there and can be any; null: with all that can.';
