CREATE OR REPLACE FUNCTION churn_internal.candidate_statements(
    profile regclass, signature jsonb,
    OUT layout text, OUT profiles text, OUT sample_keys text, OUT most_rows integer
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    candidate CONSTANT churn.attachments := churn_internal.with_columns(
        churn_internal.attachment_of(profile), churn_internal.feature_names(signature)
    );
BEGIN
    -- The compiled form is compared on so many rows, or on all there are.
    most_rows := least(10000, churn_internal.most_rows(candidate));
    layout := churn_internal.layout(candidate);
    profiles := churn_internal.profiles_statement(candidate);
    sample_keys := format(
        'SELECT array_agg(s.key) FROM (
            SELECT p.%1$I::text AS key FROM %2$s p ORDER BY md5(p.%1$I::text) LIMIT %3$s
        ) s',
        candidate.profile_key, churn_internal.table_name(profile), most_rows
    );
END $body$;
COMMENT ON FUNCTION churn_internal.candidate_statements IS
    'SQL that reads the profiles on which a candidate is tried, for whoever may read them, '
    'with the layout of what it reads, and how many may be read at most.';
GRANT EXECUTE ON FUNCTION churn_internal.candidate_statements TO churn_loader;
