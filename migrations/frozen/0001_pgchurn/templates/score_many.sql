CREATE OR REPLACE FUNCTION churn_internal.template_score_many() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn.score_many(profiles @profile@[]) RETURNS double precision[]
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    positions bigint[];
    numbers bytea;
    texts text[];
    keys text[];
    released CONSTANT boolean := churn_internal.is_released(@id@);
BEGIN
    IF profiles IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(r.ordinality), churn_internal.array_image(array_agg(r.numbers)),
           @text_rows@, array_agg(churn_internal.key_text(r.key)) FILTER (WHERE released)
    INTO positions, numbers, texts, keys
    FROM (
        SELECT p.ordinality, p.@key@ AS key, @numbers@ AS numbers, @texts@ AS texts
        FROM unnest(profiles) WITH ORDINALITY p
        WHERE num_nonnulls(p.@key@, p.complaint_count) > 0
        ORDER BY p.ordinality
    ) r;
    RETURN ARRAY(
        SELECT s.score
        FROM generate_series(1, cardinality(profiles)) n (position)
        LEFT JOIN unnest(
            positions, churn_internal.score_features_many(
                @id@, @layout@, numbers, texts, keys
            )
        ) s (position, score) ON s.position = n.position
        ORDER BY n.position
    );
END $function$;
COMMENT ON FUNCTION churn.score_many(@profile@[]) IS
    'Probabilities of churn, 0 to 1, of many profile rows in few calls of the models that score them.';
ALTER FUNCTION churn.score_many(@profile@[]) OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.score_many(@profile@[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION churn.score_many(@profile@[]) TO churn_scorer, churn_loader;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_score_many IS 'Template: see churn_trust.fill_template.';
