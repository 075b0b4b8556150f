"""A migrated database of the benchmark's own, dropped at the end whatever happens."""

import contextlib
import os
import signal
import subprocess
import sys

import psycopg2
from pgchurn.loader.private_server import CHECKOUT
from psycopg2 import errors, sql
from psycopg2.extensions import make_dsn

PREFIX = "pgchurn_bench_"
ROLES = ("churn_application", "churn_scorer", "churn_loader", "churn_owner")


@contextlib.contextmanager
def scratch_database(server_url):
    """Create a database at the newest revision; drop it on leaving the block.

    Parameters
    ----------
    server_url : str
        Any database of the server, for a superuser.

    Yields
    ------
    str
        The new database's connection string.
    """
    # So that `kill` and a closed terminal leave nothing behind either.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    maintenance = psycopg2.connect(server_url)
    maintenance.autocommit = True
    with maintenance.cursor() as cursor:
        drop_leftovers(cursor)
        roles = existing_roles(cursor)
        name = f"{PREFIX}{os.getpid()}"
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            dsn = make_dsn(server_url, dbname=name)
            migrate(dsn)
            yield dsn
        finally:
            drop_database(cursor, name)
            drop_roles(cursor, [role for role in ROLES if role not in roles])
    maintenance.close()


def drop_leftovers(cursor):
    """Drop what killed runs left, which is what nobody is connected to."""
    cursor.execute(
        "SELECT d.datname FROM pg_database d"
        " WHERE starts_with(d.datname, %s) AND NOT EXISTS ("
        "    SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)",
        [PREFIX],
    )
    for (name,) in cursor.fetchall():
        drop_database(cursor, name)


def drop_database(cursor, name):
    """Drop a database and whatever sessions it has."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    cursor.execute(statement.format(sql.Identifier(name)))


def existing_roles(cursor):
    """Return which of pgchurn's roles the server has."""
    cursor.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", [list(ROLES)]
    )
    return {name for (name,) in cursor.fetchall()}


def drop_roles(cursor, names):
    """Drop roles unless another database has come to use them."""
    for name in names:
        with contextlib.suppress(errors.DependentObjectsStillExist):
            cursor.execute(
                sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name))
            )


def migrate(dsn):
    """Bring a database to the newest revision."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-c", "setup.cfg", "upgrade", "head"],
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": dsn},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the migration failed:\n{done.stderr}")
