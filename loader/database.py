"""Connections, and the named statements of ``queries.sql``."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras
from pgchurn.migrations.database_url import database_url
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import parse_dsn

QUERY_NAME = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)


def connect(url: str | None = None) -> Connection:
    """Connect to a database.

    Parameters
    ----------
    url : str, optional
        As `database_url` takes it.

    Returns
    -------
    psycopg2.extensions.connection
        Not in autocommit mode: commit what is done with it.
    """
    return psycopg2.connect(**connection_options(url, "pgchurn"))


def connection_options(url: str | None, application_name: str) -> dict[str, Any]:
    """Return the options of a connection, for psycopg2.

    Text is exchanged as UTF-8 unless the URL or ``PGCLIENTENCODING`` says otherwise:
    psycopg2 would take the encoding of the database, and of SQL_ASCII take nothing
    but ASCII.
    """
    options = parse_dsn(database_url(url))
    if "PGCLIENTENCODING" not in os.environ:
        options.setdefault("client_encoding", "UTF8")
    return {**options, "application_name": application_name}


@cache
def queries() -> dict[str, Any]:
    """Return the statements of ``queries.sql`` by name."""
    text = Path(__file__).with_name("queries.sql").read_text(encoding="utf-8")
    parts = QUERY_NAME.split(text)[1:]
    return dict(zip(parts[::2], (part.strip() for part in parts[1::2])))


def fetch_all(
    connection: Connection, name: str, **parameters: object
) -> list[dict[str, Any]]:
    """Run a named statement and return its rows as dicts."""
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(queries()[name], parameters)
        return [dict(row) for row in cursor]


def fetch_value(connection: Connection, name: str, **parameters: object) -> Any:
    """Run a named statement and return the first column of its first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(queries()[name], parameters)
        row = cursor.fetchone()
        return row[0] if row else None
