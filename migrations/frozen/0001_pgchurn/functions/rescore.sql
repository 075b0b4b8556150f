-- No SECURITY DEFINER and no SET: a procedure with either cannot commit. So every name
-- is written in full, that the caller's search_path may hold anything.
CREATE OR REPLACE PROCEDURE churn.rescore(
    profile regclass, batch_size integer DEFAULT 10000,
    rows_per_second integer DEFAULT NULL, restart boolean DEFAULT false
)
LANGUAGE plpgsql AS $body$
DECLARE
    -- With a limited rate no batch is more than what a second allows.
    rows_of_batch CONSTANT pg_catalog.int4 := LEAST(batch_size, rows_per_second);
    run pg_catalog.int8;
    batch_at pg_catalog.timestamptz;
    range_number pg_catalog.int4;
    outcome pg_catalog.text;
BEGIN
    PERFORM churn_internal.attachment_of(profile);
    PERFORM churn_internal.check_batches('churn.rescore', batch_size);
    IF rows_per_second OPERATOR(pg_catalog.<) 1 THEN
        RAISE invalid_parameter_value USING MESSAGE = pg_catalog.format(
            'rows_per_second must be at least 1, not %s', rows_per_second
        );
    END IF;
    run := churn_internal.begin_rescoring(profile, restart);
    COMMIT;
    -- Kept by each AND CHAIN. Under a higher level the first row that somebody else has
    -- written since the batch began would be an error.
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    WHILE run IS NOT NULL LOOP
        IF rows_per_second IS NOT NULL THEN
            batch_at := churn_internal.reserve_batch(run, rows_of_batch, rows_per_second);
            COMMIT AND CHAIN;
            PERFORM churn_internal.wait_for_batch(run, batch_at);
        END IF;
        SELECT b.range_number, b.outcome INTO range_number, outcome
        FROM churn_internal.rescore_batch(run, rows_of_batch, range_number) b;
        COMMIT AND CHAIN;
        EXIT WHEN outcome OPERATOR(pg_catalog.=) 'done';
        IF outcome OPERATOR(pg_catalog.=) 'abandoned' THEN
            run := churn_internal.begin_rescoring(profile, abandoned => run);
            range_number := NULL;
            COMMIT AND CHAIN;
        END IF;
    END LOOP;
END $body$;
COMMENT ON PROCEDURE churn.rescore IS
    'Scores a whole profile table under its active model, committing after each batch; '
    'goes on where an unfinished run stopped, beside others that are at it, and begins '
    'anew when another version becomes active.';
GRANT EXECUTE ON PROCEDURE churn.rescore TO churn_loader;
