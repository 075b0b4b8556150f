"""Reading an attached profile table as features."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pgchurn.loader.database import Connection, fetch_all
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.unknown_columns import unknown_columns
from pgchurn.plpython.runtime.features import text_column
from pgchurn.plpython.runtime.pickled import frame_from_columns
from psycopg2 import sql

FETCH_ROWS = 20_000
# Of what pgchurn writes into a profile only complaint_count is known before scoring.
SCORE_COLUMNS = (
    "last_complaint_at",
    "churn_score",
    "churn_model_version",
    "churn_scored_at",
)


@dataclass(frozen=True)
class Profile:
    """An attached profile table.

    Attributes
    ----------
    attachment_id : int
    name : str
        Schema-qualified and quoted.
    key : str
        Name of the key column.
    equals_key : str
        The operator by which keys are equal, as SQL finds it.
    kinds : dict of str to str or None
        Every column: "number", "boolean", "text", or None when it cannot be a feature.
    types : dict of str to str
        Every column's type, as SQL spells it.
    unbounded : set of str
        The columns that are texts of any length.
    """

    attachment_id: int
    name: str
    key: str
    equals_key: str
    kinds: dict[str, str | None]
    types: dict[str, str]
    unbounded: set[str]

    @classmethod
    def find(cls, connection: Connection, table: str) -> "Profile":
        """Return the profile of an attached table; an SQL error when there is none."""
        row = fetch_all(connection, "attachment", table=table)[0]
        columns = fetch_all(
            connection, "profile_columns", attachment_id=row["attachment_id"]
        )
        return cls(
            row["attachment_id"],
            row["profile"],
            row["profile_key"],
            row["equals_key"],
            {column["name"]: column["kind"] for column in columns},
            {column["name"]: column["type"] for column in columns},
            {column["name"] for column in columns if column["is_unbounded"]},
        )

    def require(self, names: Iterable[str]) -> None:
        """Refuse names that are no columns of the table."""
        unknown = [name for name in names if name not in self.kinds]
        if unknown:
            raise unknown_columns(self.name, unknown, self.kinds)

    def usable_features(
        self, label: str | None, exclude: Sequence[str], changed: Sequence[str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Sort the columns into features and columns that are left out.

        Parameters
        ----------
        label : str or None
            Column that says who churned; None: no column does.
        exclude : sequence of str
            Columns that are not to be features.
        changed : sequence of str
            Columns that change when pgchurn writes a score.

        Returns
        -------
        dict of str to str
            Kind of each feature, in the table's order.
        dict of str to str
            Why each of the other columns is left out.
        """
        self.require([*([] if label is None else [label]), *exclude])
        features, left_out = {}, {}
        for name, kind in self.kinds.items():
            if name == self.key:
                left_out[name] = "the key"
            elif name == label:
                left_out[name] = "the label"
            elif name in exclude:
                left_out[name] = "excluded"
            elif name in SCORE_COLUMNS:
                left_out[name] = "written by pgchurn"
            elif name in changed:
                left_out[name] = "changed by a trigger or the like with each score"
            elif kind is None:
                left_out[name] = f"a {self.types[name]}, which no model takes"
            else:
                features[name] = kind
        return features, left_out

    def feature_kinds(self, names: Sequence[str]) -> dict[str, str]:
        """Return the kind of each named feature, refusing those that have none."""
        self.require(names)
        found = {}
        for name in names:
            kind = self.kinds[name]
            if kind is None:
                raise LoaderError(
                    f"feature {name!r} is a {self.types[name]}, which no model takes"
                )
            found[name] = kind
        return found

    def select(self, first: sql.Composable, kinds: dict[str, str]) -> sql.Composed:
        """Return the SELECT of an expression and of features.

        They are read as any client reads them, without a cast: so a registration
        compares the server's reading with that. Only of long texts no more is
        transferred than can be a category.
        """
        features = [column_as_read(name, name in self.unbounded) for name in kinds]
        return sql.SQL("SELECT {} FROM {} p").format(
            sql.SQL(", ").join([first, *features]), sql.SQL(self.name)
        )

    def read(
        self,
        connection: Connection,
        kinds: dict[str, str],
        label: str,
        progress: Callable[[int], object],
    ) -> tuple[pd.DataFrame, np.ndarray]:
        """Read all labelled rows, in the order of the key.

        In any other, the same seed would split the same rows otherwise.

        Parameters
        ----------
        connection : psycopg2 connection
        kinds : dict of str to {"number", "boolean", "text"}
            Kind of each feature to read.
        label : str
            Column that says who churned.
        progress : callable taking an int
            Called for each batch of rows with their number.

        Returns
        -------
        pandas.DataFrame of shape (n_rows, n_features)
        numpy.ndarray of shape (n_rows,), object
            The labels.
        """
        column = sql.Identifier("p", label)
        statement = self.select(column, kinds) + sql.SQL(
            " WHERE {} IS NOT NULL ORDER BY {}"
        ).format(column, sql.Identifier("p", self.key))
        rows = []
        with connection.cursor(name="pgchurn_profile") as cursor:
            cursor.itersize = FETCH_ROWS
            cursor.execute(statement)
            while batch := cursor.fetchmany(FETCH_ROWS):
                rows += batch
                progress(len(batch))
        columns = list(zip(*rows)) or [()] * (1 + len(kinds))
        labels = np.empty(len(rows), dtype=object)
        labels[:] = columns[0]
        return features_frame(kinds, columns[1:]), labels

    def sample(
        self, connection: Connection, kinds: dict[str, str], size: int
    ) -> tuple[list[str], pd.DataFrame]:
        """Read up to ``size`` rows, the same ones while the table stays the same.

        Parameters
        ----------
        connection : psycopg2 connection
        kinds : dict of str to {"number", "boolean", "text"}
            Kind of each feature to read.
        size : int

        Returns
        -------
        list of str
            Keys of the rows.
        pandas.DataFrame of shape (n_rows, n_features)
        """
        key = sql.SQL("{}::text").format(sql.Identifier("p", self.key))
        statement = self.select(key, kinds) + sql.SQL(
            " ORDER BY md5({}) LIMIT {}"
        ).format(key, sql.Literal(size))
        return fetch_features(connection, statement, kinds)

    def rows(
        self, connection: Connection, kinds: dict[str, str], keys: Sequence[str]
    ) -> tuple[list[str], pd.DataFrame]:
        """Read the rows with these keys, as far as they are there.

        Parameters
        ----------
        connection : psycopg2 connection
        kinds : dict of str to {"number", "boolean", "text"}
            Kind of each feature to read.
        keys : sequence of str

        Returns
        -------
        list of str
            Keys of the rows, as they were given.
        pandas.DataFrame of shape (n_rows, n_features)
        """
        statement = self.select(sql.SQL("given.key"), kinds) + sql.SQL(
            " JOIN unnest({}::text[]) given (key) ON p.{} {} given.key::{}"
        ).format(
            sql.Literal(list(keys)),
            sql.Identifier(self.key),
            sql.SQL(self.equals_key),
            sql.SQL(self.types[self.key]),
        )
        return fetch_features(connection, statement, kinds)

    def column(self, connection: Connection, name: str) -> dict[str, float]:
        """Read a column of numbers by key as text, without nulls."""
        self.require([name])
        if self.kinds[name] != "number":
            raise LoaderError(f"column {name!r} is a {self.types[name]} and no number")
        statement = sql.SQL(
            "SELECT p.{}::text, p.{}::float8 FROM {} p WHERE p.{} IS NOT NULL"
        ).format(
            sql.Identifier(self.key),
            sql.Identifier(name),
            sql.SQL(self.name),
            sql.Identifier(name),
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return dict(cursor.fetchall())


def column_as_read(name: str, is_unbounded: bool) -> sql.Composed:
    """Return a column of the profile ``p``, of a text of any length its beginning."""
    read = "churn_internal.cut_text({})" if is_unbounded else "{}"
    return sql.SQL(read).format(sql.Identifier("p", name))


def fetch_features(
    connection: Connection, statement: sql.Composed, kinds: dict[str, str]
) -> tuple[list[str], pd.DataFrame]:
    """Return the keys and the features of a SELECT of both."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall()
    columns = list(zip(*rows)) or [()] * (1 + len(kinds))
    return list(columns[0]), features_frame(kinds, columns[1:])


def features_frame(kinds: dict[str, str], columns: Iterable[Sequence]) -> pd.DataFrame:
    """Return the frame that a model is given, from one sequence of values a column."""
    arrays = {}
    for (name, kind), values in zip(kinds.items(), columns):
        is_text = kind == "text"
        arrays[name] = text_column(values) if is_text else np.array(values, float)
    return frame_from_columns(arrays)
