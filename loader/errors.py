"""Errors that the command line prints as one message, and how they are worded."""

from collections.abc import Iterable

import psycopg2

MOST_LISTED = 5


class LoaderError(Exception):
    """A refusal whose message says cause and remedy."""


class TrainingError(ValueError):
    """The data cannot be trained on; the message says why and what to do."""


def primary_message(error: psycopg2.Error) -> str:
    """Return the first line of a database error, as psql shows it.

    An error that does not come from the server, such as that of a connection, has one
    text, and that is returned.
    """
    return error.diag.message_primary or str(error).strip()


def describe(error: psycopg2.Error) -> str:
    """Return a database error with its detail and hint, as psql shows it."""
    parts = [primary_message(error)]
    if error.diag.message_detail:
        parts.append(f"DETAIL:  {error.diag.message_detail}")
    if error.diag.message_hint:
        parts.append(f"HINT:  {error.diag.message_hint}")
    return "\n".join(parts)


def listed(values: Iterable[object]) -> str:
    """Return some values for a message, in order; the first few where they are many."""
    shown = sorted(map(repr, values))
    return ", ".join(shown[:MOST_LISTED]) + (", ..." if shown[MOST_LISTED:] else "")
