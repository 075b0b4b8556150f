CREATE OR REPLACE FUNCTION churn_runtime.monitor_tallies() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Counting the rows of a window in the bins of a reference, batch by batch."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import ScoringError
from .features import NAN
from .json_rows import documents_from_json, json_number
from .reference import SEED
from .signature import Feature, Signature

# So many values that the reference does not list are told apart.
MOST_OTHERS = 100

NONE: dict[str, list[Any]] = {"categories": []}
# Where a row has been logged without a feature.
LACKING = object()


class NumberTally:
    """Counts the values of a number feature, or scores.

    Parameters
    ----------
    known : dict
        What the reference says of them: see ``reference_bins.binned``.

    Attributes
    ----------
    counts : ndarray of float, shape (n_edges + 3,)
        Of what is below the reference's least value, of each bin, and of what is above
        its largest value. Where it knows none, all counts as above.
    nulls : int
    """

    def __init__(self, known: dict[str, Any]) -> None:
        self.edges = np.array(known["edges"], float)
        self.least, self.most = known["min"], known["max"]
        self.counts = np.zeros(len(self.edges) + 3)
        self.nulls = 0

    @property
    def rows(self) -> int:
        """Number of values, known ones and others."""
        return int(self.counts.sum()) + self.nulls

    @property
    def beyond(self) -> int:
        """Number of values that are out of the reference's range."""
        return int(self.counts[0] + self.counts[-1])

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
        What the reference says of it: see ``reference.describe_rows``.

    Attributes
    ----------
    places : dict
        Where in the counts each category is that the reference lists.
    counts : ndarray of float, shape (n_categories + 1,)
        The last one is of all others.
    nulls : int
    others : Counter
        How often some of the others are there.
    """

    def __init__(self, known: dict[str, Any]) -> None:
        listed = [*known["categories"], *known.get("common", NONE)["categories"]]
        values = dict.fromkeys(value for value, _ in listed)
        self.places = {value: i for i, value in enumerate(values)}
        self.counts = np.zeros(len(self.places) + 1)
        self.nulls = 0
        self.others: Counter[Any] = Counter()

    @property
    def rows(self) -> int:
        """Number of values, known ones and others."""
        return int(self.counts.sum()) + self.nulls

    @property
    def beyond(self) -> int:
        """Number of values that the reference does not list."""
        return int(self.counts[-1])

    def add(self, values: Sequence[Any]) -> None:
        """Count values, None where one is not known."""
        for value, count in Counter(values).items():
            if value is None:
                self.nulls += count
                continue
            place = self.places.get(value, -1)
            self.counts[place] += count
            if place == -1 and (len(self.others) < MOST_OTHERS or value in self.others):
                self.others[value] += count


Tally = NumberTally | CategoryTally


class ScoreTally:
    """Counts scores, in the bins of the reference where it has any.

    Attributes
    ----------
    bins : list of (dict, NumberTally)
        What the reference says of rows that were held out from training, and of those
        that it was fitted on; and the scores in the bins of either.
    rows : int
    total : float
    """

    def __init__(self, reference: dict[str, Any]) -> None:
        self.bins = [
            (reference[name], NumberTally(reference[name]))
            for name in ("scores", "fitted_scores")
            if name in reference
        ]
        self.rows = 0
        self.total = 0.0

    def add(self, scores: np.ndarray) -> None:
        """Count scores."""
        self.rows += len(scores)
        self.total += float(scores.sum())
        for _, counted in self.bins:
            counted.add(scores)

    @property
    def mean(self) -> float:
        """The mean score."""
        return self.total / self.rows


class Sample:
    """Keeps some of the rows that go by, each of them as likely as any other.

    The same of the same rows in the same order.

    Parameters
    ----------
    size : int
        How many, at most.
    names : sequence of str
        What a row must have.
    """

    def __init__(self, size: int, names: Sequence[str]) -> None:
        self.size = size
        self.names = names
        self.random = np.random.default_rng(SEED)
        self.rows: list[dict[str, Any]] = []
        # A number of each row: those with the smallest are kept.
        self.lots = np.zeros(0)
        self.bound = 1.0

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Let rows go by."""
        drawn = self.random.random(len(rows))
        chosen = [
            i
            for i in np.flatnonzero(drawn < self.bound).tolist()
            if all(name in rows[i] for name in self.names)
        ]
        self.rows += [rows[i] for i in chosen]
        self.lots = np.append(self.lots, drawn[chosen])
        if len(self.rows) > 2 * self.size:
            self.cut()

    def cut(self) -> None:
        """Keep no more rows than there may be."""
        if len(self.rows) > self.size:
            kept = np.sort(np.argsort(self.lots)[: self.size])
            self.rows = [self.rows[i] for i in kept]
            self.lots = self.lots[kept]
            self.bound = float(self.lots.max(initial=0.0))


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
            values = np.array(given, float)
        except (ValueError, TypeError, OverflowError):
            values = None
        if values is None or values.ndim != 1:
            return np.array([number_or_nan(feature, value) for value in given])
        return values
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
    sample_size : int
        So many rows are kept, at most.

    Attributes
    ----------
    scores : ScoreTally
    features : dict of str to Tally
        Of the features that the reference knows.
    sample : Sample
        Rows that were logged with every feature.
    """

    def __init__(
        self, signature: Signature | None, reference: dict[str, Any], sample_size: int
    ) -> None:
        self.scores = ScoreTally(reference)
        known = reference.get("features") or {}
        self.read = [
            feature
            for feature in (() if signature is None else signature.features)
            if feature.name in known
        ]
        self.sample = Sample(sample_size, [feature.name for feature in self.read])
        self.features: dict[str, Tally] = {
            feature.name: (
                NumberTally(known[feature.name])
                if feature.kind == "number"
                else CategoryTally(known[feature.name])
            )
            for feature in self.read
        }

    def add(self, scores: np.ndarray, texts: Sequence[str]) -> None:
        """Count rows, whose features are given as JSON."""
        self.scores.add(scores)
        if not self.read:
            return
        rows = documents_from_json(texts)
        for feature in self.read:
            self.features[feature.name].add(values_of(feature, rows))
        if self.sample.size:
            self.sample.add(rows)
$python$;
COMMENT ON FUNCTION churn_runtime.monitor_tallies IS 'Counting the rows of a window in the bins of a reference, batch by batch.';
