CREATE OR REPLACE FUNCTION churn_internal.write_under_way() RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- A savepoint takes it back, as errors do, and the sequence keeps what it was set to.
    IF coalesce(current_setting('churn.writing', true), '') = '' THEN
        RETURN 0;
    END IF;
    RETURN currval('churn_internal.own_writes');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    -- Somebody pretends: this session has not written any profile yet.
    RETURN 0;
END $body$;
COMMENT ON FUNCTION churn_internal.write_under_way IS
    'The write of pgchurn''s that is under way, as churn_internal.own_write numbers it, or 0; '
    'negative: within another one of the same profile.';
