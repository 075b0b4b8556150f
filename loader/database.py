"""Connections, and the named statements of ``queries.sql``."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras
from pgchurn.migrations.database_url import database_url
from psycopg2.extensions import STATUS_READY, parse_dsn

QUERY_NAME = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)
# No name in a statement means what somebody has put into a schema of the session's own
# search_path. Set for each transaction: what is set for longer stays behind in the
# session of a pooler, which in turn may refuse what is asked for while connecting.
PINNED = "SET LOCAL search_path = pg_catalog, pg_temp;\n"
# Except for the tables that people name: found as psql would find them.
RESOLVED = """\
SET LOCAL search_path TO DEFAULT;
SELECT %(table)s::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text"""


class Connection(psycopg2.extensions.connection):
    """A connection all of whose transactions have a pinned search_path.

    In autocommit mode there is nothing to pin: run named statements then, and what
    names everything in full.
    """

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        """Return a cursor, in a transaction that is pinned when it begins here."""
        if self.status == STATUS_READY and not self.autocommit:
            with super().cursor() as cursor:
                cursor.execute(PINNED)
        return super().cursor(*arguments, **options)


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
    return psycopg2.connect(
        connection_factory=Connection, **connection_options(url, "pgchurn")
    )


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
    parameters = with_tables_found(connection, parameters)
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(PINNED + queries()[name], parameters)
        return [dict(row) for row in cursor]


def fetch_value(connection: Connection, name: str, **parameters: object) -> Any:
    """Run a named statement and return the first column of its first row, or None."""
    parameters = with_tables_found(connection, parameters)
    with connection.cursor() as cursor:
        cursor.execute(PINNED + queries()[name], parameters)
        row = cursor.fetchone()
        return row[0] if row else None


def with_tables_found(
    connection: Connection, parameters: dict[str, Any]
) -> dict[str, Any]:
    """Return parameters whose ``table`` and ``tables`` need no search_path."""
    found = dict(parameters)
    if found.get("table") is not None:
        found["table"] = find_table(connection, found["table"])
    if found.get("tables") is not None:
        found["tables"] = [find_table(connection, name) for name in found["tables"]]
    return found


def find_table(connection: Connection, name: str) -> str:
    """Return the number of a table, which is a name of it under any search_path.

    Parameters
    ----------
    connection : Connection
    name : str
        As SQL spells it, with or without its schema.

    Raises
    ------
    psycopg2.Error
        If there is no such table.
    """
    with connection.cursor() as cursor:
        cursor.execute(RESOLVED, {"table": name})
        return str(cursor.fetchone()[0])
