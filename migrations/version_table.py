"""Where the database's revision is kept: in a schema of the migrating superuser's.

Not in the schema that comes first on somebody's search_path, and not in one of
churn_owner's, who could put a table of its own in the place of this one, with a trigger
that the next migration would fire as superuser.

Alembic makes the table before it runs the first revision, and empties it after the last
is taken back, so that no revision can make and drop the schema.
"""

SCHEMA = "churn_migrations"
TABLE = "alembic_version"

# Every revision needs one, and this schema before them.
REFUSE_OTHERS = """\
DO $superuser$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'pgchurn must be migrated by a superuser',
            DETAIL = format('%I is none, and PL/Python is an untrusted language.',
                            current_user),
            HINT = 'Connect as a superuser, by default postgres.';
    END IF;
END $superuser$;"""
CREATE = """\
CREATE SCHEMA churn_migrations;
REVOKE ALL ON SCHEMA churn_migrations FROM PUBLIC;
COMMENT ON SCHEMA churn_migrations IS
    'pgchurn: the revision of the database, out of reach of all but superusers.';"""
DESCRIBE = """\
REVOKE ALL ON churn_migrations.alembic_version FROM PUBLIC;
COMMENT ON TABLE churn_migrations.alembic_version IS
    'The revision of pgchurn that the database is at.';
COMMENT ON COLUMN churn_migrations.alembic_version.version_num IS 'Its name.';"""
DROP = """\
DROP TABLE churn_migrations.alembic_version;
DROP SCHEMA churn_migrations;"""

# Before 1.0 the table stood wherever the migrator's search_path led.
FORMER_TABLES = """\
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'pgchurn_alembic_version' AND c.relkind = 'r'
ORDER BY 1"""


def former_revision(connection):
    """Return the table and the revision that a release from before 1.0 has left."""
    # So that a per cent sign is one.
    connection = connection.execution_options(no_parameters=True)
    for (table,) in connection.exec_driver_sql(FORMER_TABLES).all():
        query = f"SELECT version_num FROM {table}"
        for (revision,) in connection.exec_driver_sql(query).all():
            return table, revision
    return None
