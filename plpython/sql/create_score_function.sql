CREATE OR REPLACE FUNCTION churn_internal.create_score_function(
    attachment churn.attachments, placeholders jsonb
)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    PERFORM churn_internal.create_from_template($template$
-- Plain SQL without settings of its own: the planner puts the expression in its place,
-- so that no row is ever built.
CREATE OR REPLACE FUNCTION churn.score(@profile@)
RETURNS double precision
LANGUAGE sql STABLE PARALLEL UNSAFE
AS $function$
SELECT CASE
    -- The missing side of an outer join is nobody's row.
    WHEN ($1).@key@ IS NULL AND ($1).complaint_count IS NULL THEN NULL
    ELSE churn_internal.score_features(@id@, @layout@, @numbers@, @texts@)
END
$function$;
COMMENT ON FUNCTION churn.score(@profile@) IS
    'Probability of churn, 0 to 1, of a profile row under its active model.';
ALTER FUNCTION churn.score(@profile@) OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.score(@profile@) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.score(@profile@) TO churn_scorer, churn_loader;
$template$, placeholders || to_jsonb(churn_internal.feature_arrays(
    attachment, '($1)', '($1).complaint_count', 'NULL'
)));
END
$body$;
COMMENT ON FUNCTION churn_internal.create_score_function IS
    'Writes an attachment''s churn.score, of a profile row.';
ALTER FUNCTION churn_internal.create_score_function OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.create_score_function FROM PUBLIC;
