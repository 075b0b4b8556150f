CREATE OR REPLACE FUNCTION churn.matures_at(
    profile regclass, until timestamptz DEFAULT now()
) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $body$
BEGIN
    RETURN until + (churn_internal.attachment_of(profile)).horizon;
END $body$;
COMMENT ON FUNCTION churn.matures_at IS
    'When it is known what became of all customers who were scored before a time.';
GRANT EXECUTE ON FUNCTION churn.matures_at TO churn_loader, churn_scorer;
