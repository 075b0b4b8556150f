CREATE EVENT TRIGGER churn_follow_altered_tables ON ddl_command_end
    WHEN TAG IN (
        'ALTER TABLE', 'ALTER SCHEMA', 'CREATE TRIGGER', 'CREATE TABLE', 'CREATE INDEX',
        'CREATE RULE', 'ALTER FUNCTION', 'ALTER ROUTINE'
    )
    EXECUTE FUNCTION churn_internal.follow_altered_tables();
COMMENT ON EVENT TRIGGER churn_follow_altered_tables IS
    'Fits the functions of attached tables to what was altered.';
CREATE EVENT TRIGGER churn_keep_attached_tables ON sql_drop
    WHEN TAG IN (
        'DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP TYPE', 'DROP DOMAIN',
        'DROP EXTENSION', 'DROP TRIGGER', 'DROP RULE', 'DROP INDEX', 'DROP FUNCTION'
    )
    EXECUTE FUNCTION churn_internal.keep_attached_tables();
COMMENT ON EVENT TRIGGER churn_keep_attached_tables IS 'Refuses to drop a table that is attached.';
