CREATE OR REPLACE FUNCTION churn_internal.template_score_many() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn.score_many(profiles @profile@[]) RETURNS double precision[]
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    positions bigint[];
    numbers bytea;
    texts text[];
BEGIN
    IF profiles IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(r.ordinality), churn_internal.array_image(array_agg(r.numbers)), @text_rows@
    INTO positions, numbers, texts
    FROM (
        SELECT p.ordinality, @numbers@ AS numbers, @texts@ AS texts
        FROM unnest(profiles) WITH ORDINALITY p
        WHERE num_nonnulls(p.@key@, p.complaint_count) > 0
        ORDER BY p.ordinality
    ) r;
    RETURN ARRAY(
        SELECT s.score
        FROM generate_series(1, cardinality(profiles)) n (position)
        LEFT JOIN unnest(
            positions, churn_internal.score_features_many(@id@, @layout@, numbers, texts)
        ) s (position, score) ON s.position = n.position
        ORDER BY n.position
    );
END $function$;
COMMENT ON FUNCTION churn.score_many(@profile@[]) IS
    'Probabilities of churn, 0 to 1, of many profile rows in few calls of the active model.';
ALTER FUNCTION churn.score_many(@profile@[]) OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.score_many(@profile@[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.score_many(@profile@[]) TO churn_scorer, churn_loader;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_score_many IS 'Template: see churn_trust.fill_template.';
