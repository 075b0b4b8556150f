CREATE OR REPLACE FUNCTION churn_internal.inner_write(around bigint, own bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
RETURN CASE
    -- However many profiles complain about each other in turn, and whether or not a
    -- trigger has the session forget its sequences.
    WHEN own % 256 > 16 THEN NULL
    -- None, or left behind by an error in another transaction.
    WHEN abs(around) / 16777216 <> own / 16777216 THEN own
    WHEN abs(around) / 256 <> own / 256 THEN own
    WHEN around > 0 THEN -own
END;
COMMENT ON FUNCTION churn_internal.inner_write IS
    'What churn_internal.own_writes is set to for a write within another one; null: there are '
    'too many within each other.';
