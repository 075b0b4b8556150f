"""Counting the rows of a window in the bins of a reference, batch by batch."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import ScoringError
from .features import NAN
from .json_rows import json_number, values_from_json
from .signature import Feature, Signature

# So many values that the reference does not have are told apart.
MOST_UNSEEN = 100

# Where a row has been logged without a feature.
LACKING = object()


class NumberTally:
    """Counts the values of a number feature.

    Parameters
    ----------
    known : dict
        What the reference says of it.
    """

    def __init__(self, known: dict[str, Any]) -> None:
        self.edges = np.array(known["edges"], float)
        self.least, self.most = known["min"], known["max"]
        self.counts = np.zeros(len(self.edges) + 3)
        self.nulls = 0

    def add(self, values: np.ndarray) -> None:
        """Count values, NaN where one is not known."""
        kept = values[~np.isnan(values)]
        self.nulls += len(values) - len(kept)
        if self.least is None or self.most is None:
            self.counts[-1] += len(kept)
            return
        places = np.searchsorted(self.edges, kept) + 1
        places[kept < self.least] = 0
        places[kept > self.most] = len(self.counts) - 1
        self.counts += np.bincount(places, minlength=len(self.counts))


class CategoryTally:
    """Counts the values of a text or boolean feature.

    Parameters
    ----------
    known : dict
        What the reference says of it.
    """

    def __init__(self, known: dict[str, Any]) -> None:
        self.categories = {value: i for i, (value, _) in enumerate(known["categories"])}
        self.counts = np.zeros(len(self.categories) + 1)
        self.nulls = 0
        self.unseen: Counter[Any] = Counter()

    def add(self, values: Sequence[Any]) -> None:
        """Count values, None where one is not known."""
        for value, count in Counter(values).items():
            if value is None:
                self.nulls += count
                continue
            place = self.categories.get(value)
            if place is None:
                self.counts[-1] += count
                if len(self.unseen) < MOST_UNSEEN or value in self.unseen:
                    self.unseen[value] += count
            else:
                self.counts[place] += count


Tally = NumberTally | CategoryTally


class ScoreTally:
    """Counts scores, in the bins of the reference where it has any."""

    def __init__(self, known: dict[str, Any] | None) -> None:
        self.bins = None if known is None else NumberTally(known)
        self.rows = 0
        self.total = 0.0
        self.squares = 0.0

    def add(self, scores: np.ndarray) -> None:
        """Count scores."""
        self.rows += len(scores)
        self.total += float(scores.sum())
        self.squares += float((scores**2).sum())
        if self.bins is not None:
            self.bins.add(scores)

    @property
    def mean(self) -> float:
        """The mean score."""
        return self.total / self.rows


def read_documents(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Decode the features of rows, as they were logged, all at once."""
    joined = f"[{','.join(texts)}]"
    try:
        return json.loads(joined)
    except ValueError:
        # A whole number of more digits than Python reads at once.
        return values_from_json(joined)


def values_of(feature: Feature, rows: Sequence[dict[str, Any]]) -> Any:
    """Return a feature's values in rows, leaving out rows that lack it.

    Returns
    -------
    ndarray of float, or list of (bool, str or None)
        Numbers, NaN where one is not known; else None there.
    """
    name = feature.name
    try:
        given = [row[name] for row in rows]
    except KeyError:
        given = [row.get(name, LACKING) for row in rows]
        given = [value for value in given if value is not LACKING]
    if feature.kind == "number":
        try:
            # None becomes NaN, and the texts of NaN and infinity what they say.
            return np.array(given, float)
        except (ValueError, TypeError, OverflowError):
            return np.array([number_or_nan(feature, value) for value in given])
    if feature.is_text:
        return [value if type(value) is str else None for value in given]
    # Mostly booleans; by hand they may have been written as numbers.
    return [
        value
        if value is None or type(value) is bool
        else boolean_or_none(number_or_nan(feature, value))
        for value in given
    ]


def number_or_nan(feature: Feature, value: Any) -> float:
    """Return a logged number; what is none counts as not known."""
    try:
        return json_number(feature, value)
    except ScoringError:
        return NAN


def boolean_or_none(number: float) -> bool | None:
    """Return what 0 and 1 stand for."""
    return bool(number) if number == number else None


class WindowTally:
    """Counts what a version has scored.

    Parameters
    ----------
    signature : Signature or None
    reference : dict
        What the version's reference says; empty: there is none.
    """

    def __init__(self, signature: Signature | None, reference: dict[str, Any]) -> None:
        self.scores = ScoreTally(reference.get("scores"))
        known = reference.get("features") or {}
        self.features: dict[str, tuple[Feature, Tally]] = {
            feature.name: (
                feature,
                NumberTally(known[feature.name])
                if feature.kind == "number"
                else CategoryTally(known[feature.name]),
            )
            for feature in (() if signature is None else signature.features)
            if feature.name in known
        }

    def add(self, scores: np.ndarray, rows: Sequence[dict[str, Any]]) -> None:
        """Count rows."""
        self.scores.add(scores)
        for feature, tally in self.features.values():
            tally.add(values_of(feature, rows))
