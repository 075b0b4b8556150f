CREATE OR REPLACE FUNCTION churn_internal.is_cast(source oid, target oid, binary_too boolean)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN source = target OR EXISTS (
    SELECT FROM pg_catalog.pg_cast c
    WHERE c.castsource = source AND c.casttarget = target
      AND (c.castcontext = 'i' OR (binary_too AND c.castmethod = 'b'))
);
COMMENT ON FUNCTION churn_internal.is_cast IS
    'Whether values of one type, which is no domain, are taken for another without being '
    'asked, or also whether they are the same bytes.';
