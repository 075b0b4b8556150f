"""Alembic's entry: where the database is, and how revisions run against it."""

import logging
import os
import sys

import pgchurn.migrations.operations  # noqa: F401  registers the operations
import sqlalchemy
from alembic import context
from alembic.util import CommandError

VERSION_TABLE = "pgchurn_alembic_version"


def connect():
    """Connect with psycopg2, so that every form of URL that libpq takes will do.

    What ``pgchurn migrate`` was told comes first, then ``DATABASE_URL``, then libpq's
    own defaults.
    """
    import psycopg2

    url = context.config.attributes.get("database_url")
    return psycopg2.connect(url or os.environ.get("DATABASE_URL") or "")


def run_offline():
    """Print the SQL that an upgrade or downgrade would run."""
    context.configure(
        dialect_name="postgresql",
        version_table=VERSION_TABLE,
        output_buffer=sys.stdout,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online():
    """Run all revisions in one transaction: all of them take effect or none does."""
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg2://", creator=connect, poolclass=sqlalchemy.NullPool
    )
    with engine.connect() as connection:
        context.configure(connection=connection, version_table=VERSION_TABLE)
        check_revision()
        with context.begin_transaction():
            context.run_migrations()


def check_revision():
    """Refuse a database at a revision that this release does not have."""
    known = {script.revision for script in context.script.walk_revisions()}
    for found in context.get_context().get_current_heads():
        if found not in known:
            raise CommandError(
                f"this database is at revision {found}, which this release of pgchurn "
                "does not have\n"
                "DETAIL:  A later release has migrated it, or one from before 1.0, "
                "whose revisions were replaced by 0001_pgchurn.\n"
                "HINT:  Downgrade it to base with what has migrated it, then migrate "
                "it again; a private server of a checkout is emptied by make clean."
            )


logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.WARNING)
logging.getLogger("alembic.runtime.migration").setLevel(logging.INFO)
if context.is_offline_mode():
    run_offline()
else:
    run_online()
