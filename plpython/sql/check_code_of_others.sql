CREATE OR REPLACE FUNCTION churn_internal.check_code_of_others(
    profile regclass, profile_key name, complaints regclass, complaint_key name
) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    code record;
BEGIN
    SELECT c.* INTO code
    FROM churn_internal.code_of_others(profile, profile_key, complaints, complaint_key) c
    ORDER BY c.object LIMIT 1;
    IF FOUND THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('%s is code of %I, which pgchurn would run as churn_owner',
                             code.object, code.owner),
            DETAIL = format('%s is read by it whenever somebody complains.', profile),
            HINT = 'Have a superuser read that code and own its function, or drop it.';
    END IF;
END $body$;
COMMENT ON FUNCTION churn_internal.check_code_of_others IS
    'An error where reading two tables would run code of somebody else as churn_owner.';
