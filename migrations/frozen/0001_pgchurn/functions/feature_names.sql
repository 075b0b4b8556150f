CREATE OR REPLACE FUNCTION churn_internal.feature_names(signature jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
BEGIN ATOMIC
    -- Of one that is malformed, too: the runtime says what is wrong with it.
    SELECT coalesce(array_agg(n.name #>> '{}'), '{}')
    FROM jsonb_path_query(signature, 'lax $.features[*].name') n (name);
END;
COMMENT ON FUNCTION churn_internal.feature_names IS 'Names of the features of a signature.';
