CREATE OR REPLACE FUNCTION churn.active_statement(attachment_id integer)
RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT m.statement
    FROM churn.active_deployment(active_statement.attachment_id) d
    JOIN churn.models m ON m.version = d.version;
END;
COMMENT ON FUNCTION churn.active_statement IS
    'What was signed about the version that scores an attachment, or null.';
ALTER FUNCTION churn.active_statement OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.active_statement FROM PUBLIC;
