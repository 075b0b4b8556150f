CREATE OR REPLACE FUNCTION churn_internal.create_prediction_partitions() RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $body$
DECLARE
    month timestamptz;
    partition text;
BEGIN
    -- One caller at a time. It holds up nobody who writes.
    LOCK TABLE ONLY churn.predictions IN SHARE UPDATE EXCLUSIVE MODE;
    -- This month and the next three, and those of which the net has caught some.
    FOR month IN
        SELECT m.month
        FROM generate_series(
            date_trunc('month', now()), date_trunc('month', now()) + interval '3 months',
            interval '1 month'
        ) m (month)
        UNION
        SELECT date_trunc('month', p.predicted_at) FROM churn_internal.predictions_default p
        ORDER BY 1
    LOOP
        partition := format('predictions_%s', to_char(month, 'YYYYMM'));
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_catalog.pg_class c
            WHERE c.relnamespace = 'churn_internal'::regnamespace AND c.relname = partition
        );
        -- A partition that is attached, rather than created as one, stops writers only
        -- where they write into the net.
        EXECUTE format($create$
LOCK TABLE churn_internal.predictions_default IN ACCESS EXCLUSIVE MODE;
CREATE TABLE churn_internal.%1$I (LIKE churn.predictions INCLUDING ALL);
ALTER TABLE churn_internal.%1$I REPLICA IDENTITY FULL;
COMMENT ON TABLE churn_internal.%1$I IS 'What was logged in a month, in UTC.';
WITH caught AS (
    DELETE FROM churn_internal.predictions_default p
    WHERE p.predicted_at >= %2$L AND p.predicted_at < %3$L
    RETURNING p.*
)
INSERT INTO churn_internal.%1$I SELECT * FROM caught;
ALTER TABLE churn.predictions ATTACH PARTITION churn_internal.%1$I
    FOR VALUES FROM (%2$L) TO (%3$L);
$create$, partition, month, month + interval '1 month');
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.create_prediction_partitions IS
    'Makes the coming partitions of churn.predictions, and moves to them what its default '
    'partition has caught.';
