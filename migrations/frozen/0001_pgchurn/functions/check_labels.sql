CREATE OR REPLACE FUNCTION churn_internal.check_labels(attachment churn.attachments)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    name CONSTANT text := format('%s.%I', attachment.profile, attachment.outcome_label);
    label record;
    labels text[];
    positives CONSTANT text[] := churn_internal.positive_labels(attachment.positive_class);
BEGIN
    SELECT c.atttypid, churn_internal.column_kind(c.atttypid) AS kind,
           churn_internal.label_expression(c.atttypid, c.atttypmod, format('p.%I', c.attname))
               AS expression
    INTO label
    FROM pg_catalog.pg_attribute c
    WHERE c.attrelid = attachment.profile AND c.attname = attachment.outcome_label
      AND c.attnum > 0 AND NOT c.attisdropped;
    IF NOT FOUND THEN
        RAISE undefined_column USING
            MESSAGE = format('column %I of %s does not exist', attachment.outcome_label,
                             attachment.profile);
    ELSIF label.kind IS NULL THEN
        RAISE datatype_mismatch USING
            MESSAGE = format('%s is no label', name),
            DETAIL = format('It is %s.', format_type(label.atttypid, NULL)),
            HINT = 'Name a column of booleans, of 0 and 1, or of two texts.';
    ELSIF attachment.outcome_label IN (
        'complaint_count', 'last_complaint_at', 'churn_score', 'churn_model_version',
        'churn_scored_at'
    ) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('%s is no label', name),
            DETAIL = 'It is kept by pgchurn.';
    END IF;
    -- By the rules of training, see churned in loader/models/labels.py.
    EXECUTE format(
        'SELECT array_agg(DISTINCT l.label) FROM (SELECT %s AS label FROM %s p) l
         WHERE l.label IS NOT NULL',
        label.expression, churn_internal.table_name(attachment.profile)
    ) INTO labels;
    labels := coalesce(labels, '{}');
    IF cardinality(labels) > 2 THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('%s has %s different labels', name, cardinality(labels)),
            DETAIL = 'A label column needs two, and null where the outcome is not known.';
    ELSIF attachment.positive_class IS NULL
        AND (cardinality(labels) = 2 OR label.kind = 'text')
        AND 1 <> (SELECT count(*) FROM unnest(labels) l (label) WHERE l.label = ANY (positives))
    THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('nothing tells which label of %s means that the customer has left',
                             name),
            DETAIL = CASE WHEN labels = '{}' THEN 'There is none yet.' ELSE format(
                'The labels are: %s.',
                (SELECT string_agg(quote_literal(left(l, 40)), ', ') FROM unnest(labels) l)
            ) END,
            HINT = 'Pass it as positive_class.';
    ELSIF cardinality(labels) = 2 AND NOT labels && positives THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('no row of %s is labelled %L', attachment.profile,
                             attachment.positive_class),
            DETAIL = format(
                'The labels are: %s.',
                (SELECT string_agg(quote_literal(left(l, 40)), ', ') FROM unnest(labels) l)
            ),
            HINT = 'Pass one of them as positive_class.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_labels IS
    'An error where the column that is to tell outcomes is none that training could read.';
