CREATE OR REPLACE FUNCTION churn_internal.unrecorded_labels(attachment churn.attachments)
RETURNS TABLE (key text, outcome boolean, is_first boolean)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT l.key, l.outcome, last.key IS NULL
         FROM (
            SELECT churn_internal.key_text(p.%I) COLLATE pg_catalog."default" AS key,
                   %s AS outcome
            FROM %s p
         ) l
         LEFT JOIN (
            -- What came from elsewhere is no label, and tells that the customer is known.
            SELECT DISTINCT ON (o.key) o.key, CASE WHEN o.source = ''label'' THEN o.outcome END
                AS outcome
            FROM churn.outcomes o WHERE o.attachment_id = $1
            ORDER BY o.key, o.source = ''label'' DESC, o.outcome_id DESC
         ) last ON last.key = l.key
         WHERE l.outcome IS DISTINCT FROM last.outcome',
        attachment.profile_key, churn_internal.outcome_expression(attachment, 'p'),
        churn_internal.table_name(attachment.profile)
    ) USING attachment.attachment_id;
END $body$;
COMMENT ON FUNCTION churn_internal.unrecorded_labels IS
    'What labels of a profile say that they did not say when they were recorded last, and '
    'whether nothing is recorded of the customer.';
