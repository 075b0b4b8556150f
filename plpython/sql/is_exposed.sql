-- What arms holds, see its definition: churn.deployments.arms.
CREATE OR REPLACE FUNCTION churn_internal.is_exposed(
    attachment_id integer, arms bytea, key text
) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    share CONSTANT integer := ('x' || encode(substring(arms FROM 89 FOR 4), 'hex'))::bit(32)::integer;
    place integer;
BEGIN
    IF EXISTS (
        SELECT FROM churn.exposures e
        WHERE e.attachment_id = is_exposed.attachment_id
          AND e.key = is_exposed.key COLLATE "C"
          AND e.experiment_id = ('x' || encode(substring(arms FROM 93), 'hex'))::bit(64)::bigint
    ) THEN
        RETURN true;
    END IF;
    place := churn_internal.arm_hash(
        convert_to(key, 'SQL_ASCII'),
        ('x' || encode(substring(arms FROM 81 FOR 8), 'hex'))::bit(64)::bigint
    );
    RETURN place >= share AND place < 65536 - share;
END $body$;
COMMENT ON FUNCTION churn_internal.is_exposed IS
    'Whether no exposure has to be written when the customer with this key is scored in an '
    'experiment: there is one, or the customer is in neither of its arms.';
