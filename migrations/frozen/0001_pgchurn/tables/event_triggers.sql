-- Before the other one at the same event, which is fired in the order of names.
CREATE EVENT TRIGGER churn_admit_owner ON ddl_command_end
    WHEN TAG IN (
        'ALTER TABLE', 'ALTER TYPE', 'ALTER DOMAIN', 'ALTER COLLATION', 'ALTER OPERATOR',
        'ALTER EXTENSION'
    )
    EXECUTE FUNCTION churn_trust.admit_owner();
COMMENT ON EVENT TRIGGER churn_admit_owner IS
    'Lets pgchurn into the schema to which something that attached tables need was moved.';
-- ALTER INDEX renames tables, too.
CREATE EVENT TRIGGER churn_follow_altered_tables ON ddl_command_end
    WHEN TAG IN (
        'ALTER TABLE', 'ALTER INDEX', 'ALTER SCHEMA', 'ALTER TYPE', 'ALTER DOMAIN',
        'ALTER COLLATION', 'ALTER OPERATOR', 'ALTER EXTENSION', 'ALTER FUNCTION', 'ALTER ROUTINE',
        'CREATE TABLE', 'CREATE TRIGGER', 'CREATE INDEX', 'CREATE RULE', 'CREATE PUBLICATION',
        'ALTER PUBLICATION', 'CREATE CAST', 'CREATE OPERATOR CLASS', 'ALTER OPERATOR FAMILY'
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
CREATE EVENT TRIGGER churn_keep_unique_keys ON sql_drop
    WHEN TAG IN ('ALTER TABLE', 'DROP INDEX')
    EXECUTE FUNCTION churn_internal.keep_unique_keys();
COMMENT ON EVENT TRIGGER churn_keep_unique_keys IS
    'Refuses to drop the index that keeps the keys of an attached table unique.';
COMMENT ON EVENT TRIGGER churn_keep_attached_tables IS 'Refuses to drop a table that is attached.';
