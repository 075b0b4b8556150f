"""Batches of mature outcomes, with the features that the log kept, in their order."""

import hashlib
import itertools
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from pgchurn.loader.database import PINNED, Connection, queries
from pgchurn.plpython.runtime.features import Columns
from pgchurn.plpython.runtime.logged_rows import LackingFeature, LoggedRows
from pgchurn.plpython.runtime.signature import Signature

FETCH_ROWS = 500


class LoggedOutcome(NamedTuple):
    """A logged prediction that is mature."""

    predicted_at: datetime
    digest: str
    # JSON.
    features: str
    left: bool
    acted_upon: bool

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it stands in the stream."""
        return self.predicted_at, self.digest


@dataclass(frozen=True, eq=False)
class OutcomeBatch:
    """Customers whose outcomes are learned together.

    Attributes
    ----------
    since : datetime.datetime
        When the first of them was scored.
    last : tuple of (datetime.datetime, str)
        The place of the last row that was read for it, be it left out.
    texts : list of str
        Their features, as JSON.
    columns : dict of str to numpy.ndarray
        The same, as the log has them.
    left : numpy.ndarray of bool, shape (n_rows,)
    left_out : int
        How many others were read: acted upon, or without what the version takes.
    """

    since: datetime
    last: tuple[datetime, str]
    texts: list[str]
    columns: Columns
    left: np.ndarray
    left_out: int

    def __len__(self) -> int:
        """Return how many customers are learned."""
        return len(self.texts)

    @property
    def digest(self) -> bytes:
        """SHA-256 of features and outcomes."""
        hashed = hashlib.sha256()
        for text, left in zip(self.texts, self.left.tolist()):
            hashed.update(text.encode() + (b"\0+" if left else b"\0-"))
        return hashed.digest()

    def clipped(self, reference: dict[str, Any], signature: Signature) -> Columns:
        """Return the columns, numbers no further than those of the reference."""
        columns = dict(self.columns)
        for feature in signature.features:
            known = reference["features"].get(feature.name, {})
            if feature.kind == "number" and known.get("min") is not None:
                values = columns[feature.name]
                columns[feature.name] = values.clip(known["min"], known["max"])
        return columns


def learnable(
    signature: Signature, rows: list[LoggedOutcome]
) -> tuple[list[LoggedOutcome], Columns]:
    """Return the rows that can be learned, and their features by name.

    Who was acted upon has another outcome than without; and what a version was not
    given it cannot learn from.
    """
    kept = [row for row in rows if not row.acted_upon]
    logged = LoggedRows.from_texts([row.features for row in kept])
    columns: Columns = {}
    for feature in signature.features:
        try:
            columns[feature.name] = logged.column(feature)
            lacking: set[int] = set()
        except LackingFeature:
            lacking = set(logged.without(feature))
        else:
            if not feature.accepts_null:
                values = columns[feature.name]
                # What is not equal to itself is NaN.
                lacking = set(np.flatnonzero(values != values).tolist())
        if lacking:
            rest = [row for place, row in enumerate(kept) if place not in lacking]
            return learnable(signature, rest)
    return kept, columns


def rows_after(
    connection: Connection,
    stream: int,
    place: tuple[datetime | None, str | None],
    until: datetime | None,
    known_until: datetime,
) -> Generator[LoggedOutcome, None, None]:
    """Yield the rows of a stream after a place, in order.

    Parameters
    ----------
    connection : Connection
        In a transaction, in which nothing else is read meanwhile.
    stream : int
    place : tuple of (datetime.datetime or None, str or None)
    until : datetime.datetime or None
        When the last of them were scored; None: when the last of those that are mature
        were.
    known_until : datetime.datetime
        What was recorded of outcomes by then.

    Yields
    ------
    LoggedOutcome
        Close what yields them, where not all are wanted.
    """
    with connection.cursor() as cursor:
        # What is done afterwards by another connection must not wait for who waits for
        # the locks that reading takes: nobody would notice that they wait in a circle.
        cursor.execute("SAVEPOINT pgchurn_rows")
        cursor.execute(PINNED)
    try:
        with connection.cursor(name="pgchurn_outcomes") as cursor:
            cursor.itersize = FETCH_ROWS
            cursor.execute(
                queries()["learnable_rows"],
                {
                    "stream": stream,
                    "read_until": place[0],
                    "read_digest": place[1],
                    "until": until,
                    "known_until": known_until,
                },
            )
            for row in cursor:
                yield LoggedOutcome(*row)
    finally:
        if not connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK TO SAVEPOINT pgchurn_rows")


def cut_into_batches(
    rows: Iterator[LoggedOutcome], signature: Signature, size: int
) -> Iterator[OutcomeBatch]:
    """Yield batches of so many customers who can be learned; what is left over waits.

    Rows of the same place stay together, so that a batch ends where another can begin.

    Parameters
    ----------
    rows : iterator of LoggedOutcome
        In order.
    signature : Signature
    size : int
        At least so many customers.

    Yields
    ------
    OutcomeBatch
    """
    kept: list[LoggedOutcome] = []
    untried: list[LoggedOutcome] = []
    left_out = 0
    for place, same in itertools.groupby(rows, key=lambda row: row.place):
        untried += same
        if len(kept) + len(untried) < size:
            continue
        found, _ = learnable(signature, untried)
        kept, left_out = kept + found, left_out + len(untried) - len(found)
        untried = []
        if len(kept) >= size:
            yield batch_of(signature, kept, place, left_out)
            kept, left_out = [], 0


def batch_of(
    signature: Signature,
    rows: list[LoggedOutcome],
    last: tuple[datetime, str],
    left_out: int,
) -> OutcomeBatch:
    """Return a batch of rows that can be learned."""
    _, columns = learnable(signature, rows)
    return OutcomeBatch(
        rows[0].predicted_at,
        last,
        [row.features for row in rows],
        columns,
        np.array([row.left for row in rows], bool),
        left_out,
    )
