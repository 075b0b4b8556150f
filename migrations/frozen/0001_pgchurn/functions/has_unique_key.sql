CREATE OR REPLACE FUNCTION churn_internal.has_unique_key(profile regclass, profile_key name)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_attribute a
            ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        JOIN pg_catalog.pg_opclass c ON c.oid = i.indclass[0]
        LEFT JOIN pg_catalog.pg_collation o ON o.oid = a.attcollation
        JOIN churn_internal.key_comparison(
            has_unique_key.profile, has_unique_key.profile_key, NULL, NULL
        ) k ON true
        WHERE i.indrelid = has_unique_key.profile AND a.attname = has_unique_key.profile_key
          AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indisvalid
          -- Unique as the type compares: citext in an index of texts is not.
          AND k.equals_key = churn_internal.family_operator(
            c.opcfamily, 3, c.opcintype, c.opcintype
          )
          AND (o.collisdeterministic IS NOT FALSE OR i.indcollation[0] = a.attcollation)
    );
END;
COMMENT ON FUNCTION churn_internal.has_unique_key IS
    'Whether an index keeps the keys of a profile unique, as their type compares them.';
