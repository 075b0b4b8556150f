-- No SECURITY DEFINER and no SET: a procedure with either cannot commit. So every name
-- is written in full, that the caller's search_path may hold anything.
CREATE OR REPLACE PROCEDURE churn.repair(profile regclass, batch_size integer DEFAULT 10000)
LANGUAGE plpgsql AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
    next_batch CONSTANT pg_catalog.text := pg_catalog.format(
        'SELECT churn_internal.repair_profiles_%s($1)', attachment.attachment_id
    );
    wrong pg_catalog.text[];
    first pg_catalog.int4 := 1;
BEGIN
    PERFORM churn_internal.check_batches('churn.repair', batch_size);
    wrong := churn_internal.wrong_profiles(attachment);
    WHILE first OPERATOR(pg_catalog.<=) pg_catalog.cardinality(wrong) LOOP
        EXECUTE next_batch USING
            wrong[first:first OPERATOR(pg_catalog.+) batch_size OPERATOR(pg_catalog.-) 1];
        COMMIT;
        first := first OPERATOR(pg_catalog.+) batch_size;
    END LOOP;
END $body$;
COMMENT ON PROCEDURE churn.repair IS
    'Mends what churn.verify finds and scores marked customers again, committing after '
    'each batch.';
GRANT EXECUTE ON PROCEDURE churn.repair TO churn_loader;
