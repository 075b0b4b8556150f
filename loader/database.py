"""Connections, and the named statements of ``queries.sql``."""

import os
import re
from functools import cache
from pathlib import Path

import psycopg2
import psycopg2.extras
from pgchurn.loader import private_server

QUERY_NAME = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)


def connect(url=None):
    """Connect to a database.

    Parameters
    ----------
    url : str, optional
        Anything libpq takes; by default ``DATABASE_URL`` from the environment, and
        without it the private server.

    Returns
    -------
    psycopg2.extensions.connection
        Of which a session is one transaction: commit it.
    """
    return psycopg2.connect(database_url(url), application_name="pgchurn")


def database_url(url=None):
    """Return the URL to connect to, given the one that was asked for, if any."""
    return url or os.environ.get("DATABASE_URL") or private_server.url()


@cache
def queries():
    """Return the statements of ``queries.sql`` by name."""
    text = Path(__file__).with_name("queries.sql").read_text(encoding="utf-8")
    parts = QUERY_NAME.split(text)[1:]
    return dict(zip(parts[::2], (part.strip() for part in parts[1::2])))


def fetch_all(connection, name, **parameters):
    """Run a named statement and return its rows as dicts."""
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(queries()[name], parameters)
        return [dict(row) for row in cursor]


def fetch_value(connection, name, **parameters):
    """Run a named statement and return the first column of its first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(queries()[name], parameters)
        row = cursor.fetchone()
        return row[0] if row else None
