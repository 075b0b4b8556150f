CREATE OR REPLACE FUNCTION churn.abandon_rescoring(attachment_id integer)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    -- Waits for the batches that workers are at, and counts them.
    PERFORM FROM churn.rescore_ranges g
    JOIN churn.rescore_runs r ON r.run_id = g.run_id
    WHERE r.attachment_id = abandon_rescoring.attachment_id AND r.ended_at IS NULL
    ORDER BY g.range_number
    FOR UPDATE OF g;
    PERFORM churn.end_rescoring(r.run_id, 'abandoned')
    FROM churn.rescore_runs r
    WHERE r.attachment_id = abandon_rescoring.attachment_id AND r.ended_at IS NULL;
END
$body$;
COMMENT ON FUNCTION churn.abandon_rescoring IS
    'Ends the unfinished run of an attachment, if there is one.';
ALTER FUNCTION churn.abandon_rescoring OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.abandon_rescoring FROM PUBLIC;
