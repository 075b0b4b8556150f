"""Which changes of a row bring its score below a threshold: the smallest ones.

Candidates are what the version's reference has: the observed categories, and the
quantiles of numbers. So no value is ever proposed that nobody has had.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from .errors import LIMIT_SQLSTATE, ScoringError
from .explanation_rows import NOT_KNOWN, quoted, value_text
from .features import Columns, text_column
from .signature import Feature

# What of pairs is tried at most, which takes some seconds.
MOST_CANDIDATES = 1_000_000

# The changes as JSON, the score, the distance, and a sentence.
HelpfulChange = tuple[str | None, float | None, float | None, str | None]
Score = Callable[[Columns], np.ndarray]


class Candidate(NamedTuple):
    """A value that a feature may be changed to."""

    # As the model reads it.
    value: float | str
    # How far away it is, 0 to 1.
    distance: float


def smallest_changes(
    features: Sequence[Feature],
    row: Columns,
    known: Mapping[str, Any],
    below: float,
    score: Score,
) -> list[HelpfulChange]:
    """Return the smallest changes that bring a score below a threshold.

    Parameters
    ----------
    features : sequence of Feature
        Those that may be changed.
    row : Columns
        The present values, one row.
    known : dict
        What the version's reference says of each feature.
    below : float
        The threshold.
    score : callable
        Probabilities of rows.

    Returns
    -------
    list
        A row without changes where the score is below already. Else of each feature
        that suffices alone its smallest change, then of each two that only suffice
        together theirs; each kind by distance.
    """
    present = float(score(row)[0])
    if present < below:
        return [("{}", present, 0.0, "The score is below already.")]
    candidates = {f: candidates_of(f, row[f.name][0], known) for f in features}
    found = best_of_each(singles(features), candidates, row, below, score)
    sufficient = {changed[0] for _, _, changed, _ in found}
    others = [f for f in features if f not in sufficient and candidates[f]]
    pairs = list(combinations(others, 2))
    check_number(pairs, candidates)
    found += best_of_each(pairs, candidates, row, below, score)
    return [
        (
            json.dumps(
                {f.name: json_value(f, v) for f, v in zip(changed, values)},
                ensure_ascii=False,
            ),
            probability,
            distance,
            sentence(changed, values, row),
        )
        for distance, probability, changed, values in found
    ]


def singles(features: Sequence[Feature]) -> list[tuple[Feature, ...]]:
    """Return each feature alone."""
    return [(feature,) for feature in features]


def best_of_each(
    groups: Sequence[tuple[Feature, ...]],
    candidates: Mapping[Feature, Sequence[Candidate]],
    row: Columns,
    below: float,
    score: Score,
) -> list[tuple[float, float, tuple[Feature, ...], tuple[float | str, ...]]]:
    """Return of each group of features the smallest change that suffices, by size."""
    found = []
    for changed in groups:
        choices = np.indices([len(candidates[f]) for f in changed])
        choices = choices.reshape(len(changed), -1)
        if not choices.size:
            continue
        columns = repeated(row, choices.shape[1])
        distances = np.zeros(choices.shape[1])
        for feature, chosen in zip(changed, choices):
            offered = candidates[feature]
            columns[feature.name] = column_of(feature, offered)[chosen]
            distances += np.array([one.distance for one in offered])[chosen]
        scores = score(columns)
        helping = np.flatnonzero(scores < below)
        if len(helping):
            # Of equally small ones, the one that helps most.
            best = helping[np.lexsort((scores[helping], distances[helping]))[0]]
            values = tuple(
                candidates[feature][chosen].value
                for feature, chosen in zip(changed, choices[:, best])
            )
            found.append((float(distances[best]), float(scores[best]), changed, values))
    return sorted(found, key=lambda one: one[:2])


def candidates_of(
    feature: Feature, value: Any, known: Mapping[str, Any]
) -> list[Candidate]:
    """Return what a feature may be changed to, by what was observed of it."""
    observed = known.get(feature.name, {})
    if feature.kind == "number":
        return quantile_candidates(observed.get("quantiles") or [], value)
    return category_candidates(feature, observed.get("categories") or [], value)


def quantile_candidates(quantiles: Sequence[float], value: float) -> list[Candidate]:
    """Return quantiles, and how many of all rows are between each and the value."""
    place = rank(quantiles, value)
    return [
        Candidate(other, abs(rank(quantiles, other) - place))
        for other in dict.fromkeys(map(float, quantiles))
        if other != value
    ]


def rank(quantiles: Sequence[float], value: float) -> float:
    """Return the share of rows below a value, 0 to 1; a half where it is not known."""
    if value != value:
        return 0.5
    first, last = bisect_left(quantiles, value), bisect_right(quantiles, value)
    if first < last:
        # In the middle of equal ones.
        return (first + last - 1) / 2 / (len(quantiles) - 1)
    if first in (0, len(quantiles)):
        return float(first > 0)
    before, after = quantiles[first - 1], quantiles[first]
    share = (value - before) / (after - before)
    return (first - 1 + share) / (len(quantiles) - 1)


def category_candidates(
    feature: Feature, categories: Sequence[Sequence[Any]], value: Any
) -> list[Candidate]:
    """Return categories; the more frequent one is, the smaller is the change."""
    total = sum(count for _, count in categories)
    offered = [
        Candidate(category if feature.is_text else float(category), 1 - count / total)
        for category, count in categories
    ]
    return [candidate for candidate in offered if candidate.value != value]


def check_number(
    pairs: Sequence[tuple[Feature, Feature]],
    candidates: Mapping[Feature, Sequence[Candidate]],
) -> None:
    """Refuse what would take too long."""
    total = sum(len(candidates[one]) * len(candidates[other]) for one, other in pairs)
    if total > MOST_CANDIDATES:
        raise ScoringError(
            f"there are {total:,} changes of two features, more than "
            f"{MOST_CANDIDATES:,}",
            hint="Name fewer features.",
            sqlstate=LIMIT_SQLSTATE,
        )


def repeated(row: Columns, rows: int) -> Columns:
    """Return a row many times over."""
    return {name: np.repeat(column, rows) for name, column in row.items()}


def column_of(feature: Feature, candidates: Sequence[Candidate]) -> np.ndarray:
    """Return the values of candidates as a model reads a column."""
    values: Sequence[Any] = [one.value for one in candidates]
    return text_column(values) if feature.is_text else np.array(values, float)


def json_value(feature: Feature, value: float | str) -> Any:
    """Return a value as it stands in a profile."""
    if feature.is_text:
        return value
    if feature.kind == "boolean":
        return bool(value)
    return int(value) if float(value).is_integer() else value


def sentence(
    changed: Sequence[Feature], values: Sequence[float | str], row: Columns
) -> str:
    """Return in words what is changed."""
    parts = []
    for feature, value in zip(changed, values):
        former = value_text(feature, row[feature.name][0])
        now = quoted(str(value_text(feature, value)))
        instead = NOT_KNOWN if former is None else quoted(former)
        parts.append(f"{feature.name}: {now} instead of {instead}")
    return "; ".join(parts)
