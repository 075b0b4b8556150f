-- Plain SQL without settings of its own: the planner puts the expression in its place,
-- so that no row is ever built.
CREATE OR REPLACE FUNCTION churn.score("@profile@") RETURNS double precision
LANGUAGE sql STABLE PARALLEL UNSAFE AS $function$
SELECT CASE
    -- The missing side of an outer join is nobody's row.
    WHEN ($1)."@key@" IS NULL AND ($1).complaint_count IS NULL THEN NULL
    -- Looked up anew for each row, the active model took longer than its score.
    ELSE coalesce(
        CASE WHEN churn_internal.tells_by_snapshot() THEN churn_internal.score_remembered(
            "@id@", "@layout@", "@numbers@", "@texts@", churn_internal.plain_snapshot()
        ) END,
        churn_internal.score_features(
            "@id@", "@layout@", "@numbers@", "@texts@",
            pg_catalog.date_part('epoch', pg_catalog.statement_timestamp())
        ),
        -- While a release is under way, which version it is goes by the key.
        churn_internal.score_by_key(
            "@id@", "@layout@", "@numbers@", "@texts@", churn_internal.key_text(($1)."@key@")
        )
    )
END $function$;
COMMENT ON FUNCTION churn.score("@profile@") IS
    'Probability of churn, 0 to 1, of a profile row under the model that scores it.';
ALTER FUNCTION churn.score("@profile@") OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.score("@profile@") FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.score("@profile@") TO churn_scorer, churn_loader;
