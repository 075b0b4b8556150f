CREATE OR REPLACE FUNCTION churn_runtime.logged_rows() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Reading logged predictions, a batch at a time, into the columns that models take."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ScoringError
from .features import text_column
from .json_rows import documents_from_json, json_number
from .signature import Feature

if TYPE_CHECKING:
    from .registry import Registry

FIRST_ROWS = 100
MOST_ROWS = 5_000
# Of JSON, which takes ten times as much when it has been read.
BATCH_CHARACTERS = 4_000_000


def batches(
    registry: "Registry", statement: str, types: list[str], arguments: Sequence[Any]
) -> Iterator[Any]:
    """Yield the rows of a statement, so many at once as bounds their memory.

    Parameters
    ----------
    statement : str
        One of its columns is ``features``, which is JSON.
    types : list of str
        Of its parameters.
    arguments : sequence

    Yields
    ------
    sequence of dict
    """
    plan = registry.plpy.prepare(statement, types)
    with closing(registry.plpy.cursor(plan, list(arguments))) as cursor:
        at_once = FIRST_ROWS
        while rows := cursor.fetch(at_once):
            yield rows
            longest = max(len(row["features"]) for row in rows)
            at_once = max(1, min(MOST_ROWS, BATCH_CHARACTERS // longest))


class LackingFeature(Exception):
    """Some rows were logged without a feature, or with a value that is none of it."""

    def __init__(self, feature: Feature) -> None:
        super().__init__(feature.name)
        self.feature = feature


class LoggedRows:
    """The logged features of some rows.

    Parameters
    ----------
    documents : sequence of dict
        Values by name.
    """

    def __init__(self, documents: Sequence[dict[str, Any]]) -> None:
        self.documents = documents
        self.columns: dict[tuple[str, str], np.ndarray] = {}

    @classmethod
    def from_texts(cls, texts: Sequence[str]) -> "LoggedRows":
        """Decode the features of rows, all of them at once."""
        return cls(documents_from_json(texts))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.documents)

    def take(self, places: Sequence[int]) -> "LoggedRows":
        """Return some of the rows."""
        if len(places) == len(self):
            return self
        return LoggedRows([self.documents[place] for place in places])

    def column(self, feature: Feature) -> np.ndarray:
        """Return a feature's values as a model takes them; raise LackingFeature."""
        key = (feature.name, feature.kind)
        if key not in self.columns:
            self.columns[key] = column_of(feature, self.documents)
        return self.columns[key]

    def without(self, feature: Feature) -> list[int]:
        """Return which rows were logged without a feature."""
        return [
            place for place in range(len(self)) if lacks(feature, self.documents[place])
        ]


def column_of(feature: Feature, documents: Sequence[dict[str, Any]]) -> np.ndarray:
    """Return a feature's values as a model takes them; raise LackingFeature."""
    try:
        values = [document[feature.name] for document in documents]
        kinds = set(map(type, values)) - {type(None)}
        if feature.is_text:
            if kinds <= {str}:
                return text_column(values)
        elif kinds <= {int, float} and feature.kind == "number":
            # None becomes NaN.
            return np.array(values, float)
        else:
            # Texts stand for NaN and the infinities.
            return np.array([json_number(feature, value) for value in values])
    except (KeyError, OverflowError, ScoringError):
        pass
    raise LackingFeature(feature)


def lacks(feature: Feature, document: dict[str, Any]) -> bool:
    """Return whether a row was logged without a feature."""
    try:
        column_of(feature, [document])
    except LackingFeature:
        return True
    return False
$python$;
COMMENT ON FUNCTION churn_runtime.logged_rows IS 'Reading logged predictions, a batch at a time, into the columns that models take.';
