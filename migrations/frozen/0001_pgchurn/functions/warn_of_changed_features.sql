CREATE OR REPLACE FUNCTION churn_internal.warn_of_changed_features(
    version bigint, profile regclass, changed text[]
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF cardinality(changed) > 0 THEN
        PERFORM churn_internal.warn(
            format('version %s reads columns of %s that change when pgchurn writes a score',
                   version, profile),
            format('A score is out of date as soon as it is written, by %s.', (
                SELECT string_agg(quote_ident(c.name), ', ') FROM unnest(changed) c (name)
            )),
            'Train without them, or have the trigger that changes them go by columns of the '
            'application: WHEN ((OLD.a, OLD.b) IS DISTINCT FROM (NEW.a, NEW.b)).'
        );
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.warn_of_changed_features IS
    'Warns where a version has features that change when pgchurn writes a score.';
