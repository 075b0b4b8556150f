"""Taking requests to retrain, one after the other: ``pgchurn retrain``."""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import psycopg2
from pgchurn.loader import output
from pgchurn.loader.database import Connection, connect, fetch_all, fetch_value
from pgchurn.loader.errors import LoaderError, TrainingError, describe
from pgchurn.loader.models.attestation import Signer
from pgchurn.loader.models.retraining import Recipe, Retraining, Task
from pgchurn.plpython.runtime.errors import ScoringError

FAILURES = (psycopg2.Error, LoaderError, TrainingError, ScoringError, UnicodeError)

# Makes the recipe of a request, for which models may have to be numbered.
Recipes = Callable[[Connection], Recipe]


def retrain(
    url: str | None, tables: Sequence[str], recipe_for: Recipes
) -> list[dict[str, Any]]:
    """Open the requests that are due, and do all that nobody else is at.

    A request is held by a lock of a transaction of a connection of its own, which goes
    when this process ends, however that is. What is written for it is written by the
    other connection, and only where it is still this process's.

    Parameters
    ----------
    url : str or None
        As `database_url` takes it.
    tables : sequence of str
        The attached profiles; empty: all of them.
    recipe_for : callable
        Returns how it is trained and released.

    Returns
    -------
    list of dict
        Of each request what was decided, or what it waits for or has failed by.
    """
    wanted = list(tables) or None
    done: list[dict[str, Any]] = []
    with closing(connect(url)) as holder, closing(connect(url)) as connection:
        for opened in fetch_all(connection, "open_retraining_requests", tables=wanted):
            output.message(f"{opened['profile']} is due: {opened['reason']}")
        connection.commit()
        while True:
            fetch_all(holder, "keep_holding")
            besides = [one["request_id"] for one in done]
            request_id = fetch_value(
                holder, "hold_retraining", tables=wanted, besides=besides
            )
            if request_id is None:
                break
            done.append(attempt(connection, request_id, recipe_for))
            holder.rollback()
    return done


def attempt(
    connection: Connection, request_id: int, recipe_for: Recipes
) -> dict[str, Any]:
    """Do what a request asks for; return what came of it."""
    result: dict[str, Any] = {"request_id": request_id, "decision": None}
    taken = fetch_all(connection, "begin_retraining", request_id=request_id)
    connection.commit()
    if not taken:
        return result | {"waiting": "it has ended meanwhile"}
    (row,) = taken
    result |= {"profile": row["profile"]}
    if row["waiting"]:
        return result | {"waiting": row["waiting"]}
    try:
        recipe = recipe_for(connection)
        connection.rollback()
        check_signer(recipe.signer, row["must_be_signed"])
        names = (
            "attempt",
            "profile",
            "label",
            "training_window",
            "known_until",
            "version",
        )
        task = Task(request_id, *(row[name] for name in names))
        return result | Retraining(connection, task, recipe).run()
    except FAILURES as error:
        failure = describe(error) if isinstance(error, psycopg2.Error) else str(error)
        if connection.closed:
            raise
        connection.rollback()
        connection.set_session(isolation_level="DEFAULT")
        fetch_value(
            connection,
            "postpone_retraining",
            request_id=request_id,
            attempt=row["attempt"],
            waiting=failure,
        )
        connection.commit()
        return result | {"failure": failure}


def check_signer(signer: Signer | None, must_be_signed: bool) -> None:
    """Refuse to train what could not be registered."""
    if must_be_signed and signer is None:
        raise LoaderError(
            "a key is trusted here, so models have to be signed: name one with --key"
        )
