CREATE OR REPLACE FUNCTION churn_internal.try_write(attachment_id integer) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments;
    around CONSTANT bigint := churn_internal.write_under_way();
    written bigint;
    reason text;
BEGIN
    SELECT a.* INTO attachment FROM churn.attachments a
    WHERE a.attachment_id = try_write.attachment_id AND a.detached_at IS NULL AND a.guarded;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    BEGIN
        PERFORM setval(
                    'churn_internal.own_writes',
                    churn_internal.own_write(attachment.attachment_id, pg_trigger_depth())
                ),
                set_config('churn.writing', 'on', true);
        EXECUTE format(
            'SELECT churn_internal.update_profiles_%s(
                ARRAY[p.tid], ARRAY[p.relation], ARRAY[p.complaint_count::bigint],
                ARRAY[p.last_complaint_at], ARRAY[p.churn_score], ARRAY[p.churn_model_version],
                ARRAY[p.churn_scored_at]
            )
            FROM (
                SELECT p.ctid AS tid, p.tableoid AS relation, p.complaint_count,
                       p.last_complaint_at, p.churn_score, p.churn_model_version,
                       p.churn_scored_at
                FROM %s p LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
            ) p',
            attachment.attachment_id, churn_internal.table_name(attachment.profile)
        ) INTO written;
        IF written = 0 THEN
            RAISE triggered_data_change_violation USING
                MESSAGE = 'a trigger, a rule or row level security keeps the row as it is';
        END IF;
        -- To take it back.
        RAISE SQLSTATE 'CH002';
    EXCEPTION
        WHEN SQLSTATE 'CH002' THEN
            PERFORM setval('churn_internal.own_writes', around);
        -- OTHERS are neither assertions nor cancels, which go on.
        WHEN OTHERS OR assert_failure OR query_canceled THEN
            PERFORM setval('churn_internal.own_writes', around);
            IF SQLSTATE ~ '^(40|57)' THEN
                RAISE;
            END IF;
            reason := SQLERRM;
            PERFORM churn_internal.warn(
                format('pgchurn cannot write %s', attachment.profile),
                churn_internal.without_values(SQLSTATE, reason),
                'Complaints are kept, and their customers marked in churn.health, until it can.'
            );
    END;
    RETURN reason;
END $body$;
COMMENT ON FUNCTION churn_internal.try_write IS
    'Writes a row of a profile with what others have put on it, takes that back, and warns, '
    'and returns the reason, where it fails; null: it works.';
