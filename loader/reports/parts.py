"""What a report is put together from, as far as it is there."""

from collections.abc import Callable
from typing import TypeVar

import psycopg2
from pgchurn.loader.database import Connection
from pgchurn.loader.errors import primary_message

# Classes of SQLSTATE that end a report: a lost connection, a transaction that is to be
# run again, want of resources, and somebody's wish that it end.
NOT_CAUGHT = ("08", "40", "53", "55P03", "57", "58")

Part = TypeVar("Part")


class Missing(str):
    """Why a part of a report is not there, as a sentence."""

    __slots__ = ()


def part_or_missing(connection: Connection, make: Callable[[], Part]) -> Part | Missing:
    """Return a part of a report, or what the server says against it.

    Parameters
    ----------
    connection : Connection
        In a transaction, which goes on whatever becomes of the part.
    make : callable
        Asks the server for it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT part")
        try:
            part = make()
        except psycopg2.Error as error:
            if error.pgcode is None or error.pgcode.startswith(NOT_CAUGHT):
                raise
            cursor.execute("ROLLBACK TO SAVEPOINT part")
            return Missing(said(error))
        cursor.execute("RELEASE SAVEPOINT part")
        return part


def said(error: psycopg2.Error) -> str:
    """Return what the server says, as sentences."""
    detail = error.diag.message_detail
    told = f"The server says: {primary_message(error)}."
    return f"{told} {detail}" if detail else told
