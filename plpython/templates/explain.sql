CREATE OR REPLACE FUNCTION churn.explain(profile "@profile@", top_k integer DEFAULT NULL)
RETURNS TABLE (
    feature text, value text, contribution double precision, points double precision,
    typical text, reason text
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_column
BEGIN
    -- The missing side of an outer join is nobody's row.
    IF num_nonnulls(($1)."@key@", ($1).complaint_count) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT e.feature, e.value, e.contribution, e.points, e.typical, e.reason::text
    FROM churn_internal.key_text(($1)."@key@") k (key)
    CROSS JOIN LATERAL churn_internal.explain_features(
        "@id@", "@layout@", "@numbers@", "@texts@",
        churn_internal.typical_values(churn_internal.version_for("@id@", k.key)), $2, k.key
    ) e;
END $function$;
COMMENT ON FUNCTION churn.explain("@profile@", integer) IS
    'What each feature contributes to the score of a profile row under the model that scores it.';
ALTER FUNCTION churn.explain("@profile@", integer) OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.explain("@profile@", integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.explain("@profile@", integer) TO churn_scorer, churn_loader;
