CREATE OR REPLACE FUNCTION churn_internal.complaint_time(attachment churn.attachments) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE a.atttypid
        WHEN 'timestamptz'::regtype THEN format('c.%I', a.attname)
        -- Whatever the session's TimeZone is.
        ELSE format('(c.%I::timestamp AT TIME ZONE ''UTC'')', a.attname)
    END
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = attachment.complaints AND a.attname = attachment.complaint_time;
END;
COMMENT ON FUNCTION churn_internal.complaint_time IS
    'SQL of the time of a complaint c; dates and times without a zone are in UTC.';
