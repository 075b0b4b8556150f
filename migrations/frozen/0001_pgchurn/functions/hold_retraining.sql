CREATE OR REPLACE FUNCTION churn_internal.hold_retraining(
    profiles regclass[], besides bigint[]
) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    request bigint;
BEGIN
    FOR request IN
        SELECT r.request_id
        FROM churn_internal.retrainings r
        JOIN churn.attachments a USING (attachment_id)
        WHERE r.finished_at IS NULL AND a.detached_at IS NULL
          AND (profiles IS NULL OR a.profile = ANY (profiles))
          AND r.request_id <> ALL (besides)
        ORDER BY r.request_id
    LOOP
        -- A lock of the row would be one of a transaction that has written, and keep vacuum
        -- from what dies while a model is trained. This one takes no transaction id, and goes
        -- with who holds it, however that ends.
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(
            hashtextextended(format('churn.retraining_requests %s', request), 0)
        );
        -- Whoever held it a moment ago may have finished it.
        IF EXISTS (
            SELECT FROM churn_internal.retrainings r
            WHERE r.request_id = request AND r.finished_at IS NULL
        ) THEN
            RETURN request;
        END IF;
    END LOOP;
    RETURN NULL;
END $body$;
COMMENT ON FUNCTION churn_internal.hold_retraining IS
    'Returns a request to retrain that nobody else holds, of these profiles, null: of any, and '
    'none of those named; it is held until the transaction ends. Null: there is none.';
GRANT EXECUTE ON FUNCTION churn_internal.hold_retraining TO churn_loader;
