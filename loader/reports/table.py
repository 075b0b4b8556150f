"""The attached table of a version: what of it may be read, and its scores."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pgchurn.loader.database import PINNED, Connection, fetch_all
from pgchurn.loader.models.profile import column_as_read
from pgchurn.loader.reports.parts import Missing
from psycopg2 import sql

# Above so many customers a sample of them is scored: curves of more look the same.
MOST_SCORED = 100_000
FETCH_ROWS = 10_000
COUNTED = "SELECT count(*) FROM {}"
SELECTED = "SELECT {} FROM {} p ORDER BY md5({}) LIMIT {}"
SCORED = "SELECT score, passed FROM churn.predict_query(%s, %s, on_error => 'keep')"


@dataclass(frozen=True)
class Table:
    """The attached table of a version.

    Attributes
    ----------
    name : str
        Schema-qualified and quoted.
    key : str
        Name of the key column.
    columns : dict of str to bool
        Whether each column may be read by who asks.
    unbounded : set of str
        The columns that are texts of any length.
    features : tuple of str
        The columns that the version reads.
    """

    name: str
    key: str
    columns: dict[str, bool]
    unbounded: set[str]
    features: tuple[str, ...]

    @classmethod
    def of_version(
        cls, connection: Connection, version: int, features: Sequence[str]
    ) -> "Table | None":
        """Return the table of a version, None where it is not attached any more."""
        columns = fetch_all(connection, "report_columns", version=version)
        if not columns:
            return None
        return cls(
            columns[0]["profile"],
            columns[0]["profile_key"],
            {column["name"]: column["is_readable"] for column in columns},
            {column["name"] for column in columns if column["is_unbounded"]},
            tuple(features),
        )

    @property
    def shows_keys(self) -> bool:
        """Whether who asks may read the key."""
        return self.columns.get(self.key, False)

    def rows(self, connection: Connection) -> int:
        """Return how many rows who asks may see."""
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(COUNTED).format(sql.SQL(self.name)))
            return int(cursor.fetchone()[0])

    def query(self, connection: Connection, most: int, **others: sql.Composable) -> str:
        """Return the SELECT of the features and of other expressions of a sample.

        The same rows while the table stays the same, and a smaller sample is the
        beginning of a larger one.

        Parameters
        ----------
        connection : Connection
        most : int
            Rows that are taken.
        **others : psycopg2.sql.Composable
            Expressions over the table ``p``; their names are `unused_name`.
        """
        features = {
            name: column_as_read(name, name in self.unbounded) for name in self.features
        }
        wanted = [
            sql.SQL("{} AS {}").format(expression, sql.Identifier(name))
            for name, expression in (features | others).items()
        ]
        # Where the key may not be read, rows that agree in all features are alike.
        order = (
            self.key_text
            if self.shows_keys
            else sql.SQL("ROW({})::text").format(sql.SQL(", ").join(features.values()))
        )
        statement = sql.SQL(SELECTED).format(
            sql.SQL(", ").join(wanted), sql.SQL(self.name), order, sql.Literal(most)
        )
        return str(statement.as_string(connection))

    @property
    def key_text(self) -> sql.Composed:
        """The key of the table ``p`` as a text."""
        return sql.SQL("{}::text").format(sql.Identifier("p", self.key))

    def unused_name(self, wanted: str) -> str:
        """Return a name for a column of a query that no feature has."""
        while wanted in self.features:
            wanted += "_"
        return wanted


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """The customers of a table under a version.

    Attributes
    ----------
    rows : int
        How many there are; more than are scored where a sample stands for them.
    scores : numpy.ndarray of float, shape (n_scored,)
        NaN where a row cannot be scored.
    labels : numpy.ndarray of object, shape (n_scored,), or None
        What came of them, None where that is not known; None for all: no label was
        asked for.
    problems : tuple of str
        What the server says of rows that cannot be scored.
    """

    rows: int
    scores: np.ndarray
    labels: np.ndarray | None
    problems: tuple[str, ...]

    @property
    def is_sample(self) -> bool:
        """Whether not all customers were scored."""
        return len(self.scores) < self.rows

    @property
    def known(self) -> np.ndarray:
        """The scores that there are."""
        return self.scores[~np.isnan(self.scores)]


def scored_rows(
    connection: Connection, table: Table, version: int, label: str | None
) -> ScoredRows | Missing:
    """Score the customers of a table, with the rights of who asks.

    Parameters
    ----------
    connection : Connection
    table : Table
    version : int
    label : str or None
        The column that says what came of them.
    """
    name = table.unused_name("label")
    others = {} if label is None else {name: sql.Identifier("p", label)}
    rows = table.rows(connection)
    query = table.query(connection, MOST_SCORED, **others)
    connection.notices.clear()
    scores: list[float | None] = []
    labels: list[object] = []
    for score, passed in streamed(connection, SCORED, (version, query)):
        scores.append(score)
        labels.append((passed or {}).get(name))
    problems = tuple(notice.strip() for notice in connection.notices)
    connection.notices.clear()
    found = np.empty(len(labels), dtype=object)
    found[:] = labels
    return ScoredRows(
        max(rows, len(scores)),
        np.array(scores, float),
        None if label is None else found,
        problems,
    )


def streamed(
    connection: Connection, statement: str, parameters: Sequence[object]
) -> Iterable[tuple[Any, ...]]:
    """Yield the rows of a statement, which the client never holds all at once."""
    with connection.cursor() as cursor:
        cursor.execute(PINNED)
    with connection.cursor(name="pgchurn_report") as cursor:
        cursor.itersize = FETCH_ROWS
        cursor.execute(statement, parameters)
        yield from cursor
