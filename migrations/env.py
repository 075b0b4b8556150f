"""Alembic's entry: where the database is, and how revisions run against it."""

import logging
import sys

import psycopg2
import sqlalchemy
from alembic import context
from alembic.operations import Operations
from alembic.util import CommandError
from pgchurn.migrations import operations, version_table
from pgchurn.migrations.database_url import database_url


def connect():
    """Connect with psycopg2, so that every form of URL that libpq takes will do.

    What ``pgchurn migrate`` was told comes first, then ``DATABASE_URL``, then libpq's
    own defaults.
    """
    connection = psycopg2.connect(
        database_url(context.config.attributes.get("database_url"))
    )
    # What SQLAlchemy asks while it connects.
    connection.cursor().execute(operations.PINNED)
    return connection


def pin(connection):
    """Pin the search_path of a transaction: see `operations.PINNED`."""
    connection.exec_driver_sql(operations.PINNED)


def run_offline():
    """Print the SQL that an upgrade or downgrade would run."""
    configure(dialect_name="postgresql", output_buffer=sys.stdout)
    with context.begin_transaction():
        run_revisions()


def run_online():
    """Run all revisions in one transaction: all of them take effect or none does."""
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg2://", creator=connect, poolclass=sqlalchemy.NullPool
    )
    sqlalchemy.event.listen(engine, "begin", pin)
    with engine.connect() as connection:
        configure(connection=connection)
        check_revision(connection)
        with context.begin_transaction():
            run_revisions()


def configure(**options):
    """Configure Alembic, with the table of revisions in its own place."""
    context.configure(
        version_table=version_table.TABLE,
        version_table_schema=version_table.SCHEMA,
        on_version_apply=note_heads,
        **options,
    )


def note_heads(ctx, heads, **_):
    """Remember which revision a step has led to."""
    ctx.opts["reached"] = heads


def run_revisions():
    """Run the revisions; their table comes with the first and goes with the last."""
    migration = context.get_context()
    if migration.opts.get("dont_mutate"):
        context.run_migrations()
        return
    before = migration.get_current_heads()
    migrator = Operations(migration)
    operations.run(migrator, version_table.REFUSE_OTHERS)
    if not before:
        operations.run(migrator, version_table.CREATE)
    context.run_migrations()
    reached = migration.opts.get("reached", before)
    if reached and not before:
        operations.run(migrator, version_table.DESCRIBE)
    elif not reached:
        operations.run(migrator, version_table.DROP)


def check_revision(connection):
    """Refuse a database at a revision that this release does not have."""
    known = {script.revision for script in context.script.walk_revisions()}
    found = context.get_context().get_current_heads()
    for revision in found:
        if revision not in known:
            refuse(
                revision,
                "A later release has migrated it, or one from before 1.0, whose "
                "revisions were replaced by 0001_pgchurn.",
            )
    former = None if found else version_table.former_revision(connection)
    if former:
        table, revision = former
        refuse(
            revision,
            f"It is kept in {table}: a release from before 1.0 has migrated it, whose "
            "revisions were replaced by 0001_pgchurn.",
        )


def refuse(revision, detail):
    """Say why a database is left alone."""
    raise CommandError(
        f"this database is at revision {revision}, which this release of pgchurn does "
        f"not have\nDETAIL:  {detail}\n"
        "HINT:  Downgrade it to base with what has migrated it, then migrate it again; "
        "a private server of a checkout is emptied by make clean."
    )


logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.WARNING)
logging.getLogger("alembic.runtime.migration").setLevel(logging.INFO)
if context.is_offline_mode():
    run_offline()
else:
    run_online()
