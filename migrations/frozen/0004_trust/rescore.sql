-- No SECURITY DEFINER and no SET: a procedure with either cannot commit. So every name
-- is written in full, that the caller's search_path may hold anything.
CREATE OR REPLACE PROCEDURE churn.rescore(profile regclass, batch_size integer DEFAULT 10000)
LANGUAGE plpgsql
AS $body$
DECLARE
    attachment churn.attachments := churn.attachment_of(profile);
    next_batch CONSTANT text := pg_catalog.format(
        'SELECT churn.rescore_profiles_%s($1::%s, $2)',
        attachment.attachment_id, churn.key_type(attachment)
    );
    after pg_catalog.text;
BEGIN
    PERFORM churn.check_batches('churn.rescore', batch_size);
    IF NOT EXISTS (
        SELECT FROM churn.active_deployments d
        WHERE d.attachment_id OPERATOR(pg_catalog.=) attachment.attachment_id
    ) THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = pg_catalog.format('no active model for %s', profile),
            HINT = 'Call churn.activate_model(version) with a registered version.';
    END IF;
    LOOP
        EXECUTE next_batch INTO after USING after, batch_size;
        EXIT WHEN after IS NULL;
        COMMIT;
    END LOOP;
END
$body$;
COMMENT ON PROCEDURE churn.rescore IS
    'Scores a whole profile table under its active model, committing after each batch.';
ALTER PROCEDURE churn.rescore OWNER TO churn_owner;
REVOKE ALL ON PROCEDURE churn.rescore FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE churn.rescore TO churn_loader;
