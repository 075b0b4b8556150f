-- No SECURITY DEFINER and no SET: the query's names are looked up as its caller would.
CREATE OR REPLACE FUNCTION churn_internal.query_columns(
    query text, OUT names text[], OUT types oid[]
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE AS $python$
# A comment may end the query, hence the line of its own.
described = plpy.execute(f"SELECT * FROM ({query}\n) q LIMIT 0")
return described.colnames(), described.coltypes()
$python$;
COMMENT ON FUNCTION churn_internal.query_columns IS
    'Names and types of a query''s columns; no row of it is computed.';
GRANT EXECUTE ON FUNCTION churn_internal.query_columns TO churn_scorer, churn_loader;
