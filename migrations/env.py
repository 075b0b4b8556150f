"""Alembic's entry: where the database is, and how revisions run against it."""

import logging
import os
import sys

import pgchurn.migrations.run_file  # noqa: F401  registers op.run_file
import sqlalchemy
from alembic import context

VERSION_TABLE = "pgchurn_alembic_version"


def connect():
    """Connect with psycopg2, so that every form of URL that libpq takes will do."""
    import psycopg2
    from pgchurn.loader.private_server import url

    return psycopg2.connect(os.environ.get("DATABASE_URL") or url())


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
        with context.begin_transaction():
            context.run_migrations()


logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.WARNING)
logging.getLogger("alembic.runtime.migration").setLevel(logging.INFO)
if context.is_offline_mode():
    run_offline()
else:
    run_online()
