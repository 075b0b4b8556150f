"""The most typical reasons for high scores among explained customers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pgchurn.loader.reports.explained import ExplainedRows

MOST_REASONS = 10
# How many of a customer's features count as reasons for the score.
REASONS_EACH = 3
TOP_SHARE = 0.1
# With fewer, the tenth with the highest scores is no group to speak of.
LEAST_CUSTOMERS = 10
RANGES = ("above", "below", "between")


@dataclass(frozen=True)
class Reason:
    """A reason that some customers have in common.

    Attributes
    ----------
    feature : str
    what : str
        How their values differ from the typical one: "is", "above", "below", "between"
        where none is known, or "not known".
    value : object
        The value that they share, None for numbers that are not the same.
    low, high : float or None
        The range of their numbers.
    customers : int
        How many of them have it among their first reasons.
    points : float
        What it adds to the probability, on average over them.
    """

    feature: str
    what: str
    value: Any
    low: float | None
    high: float | None
    customers: int
    points: float


def top_rows(explained: ExplainedRows) -> int:
    """Return how many of the customers count as those with the highest scores."""
    rows = len(explained.scores)
    return min(rows, max(LEAST_CUSTOMERS, round(TOP_SHARE * rows)))


def typical_reasons(explained: ExplainedRows, typical: dict[str, Any]) -> list[Reason]:
    """Return the reasons that most of the customers with the highest scores have.

    Parameters
    ----------
    explained : ExplainedRows
    typical : dict of str to object
        What is typical of each feature, where that is known.
    """
    groups: dict[tuple[str, str, str], list[tuple[Any, float]]] = {}
    for row in range(top_rows(explained)):
        points = explained.points[row]
        for feature in np.argsort(-points, kind="stable")[:REASONS_EACH]:
            if points[feature] <= 0:
                break
            name = explained.features[feature]
            value = explained.values[row].get(name)
            what = how_it_differs(value, typical.get(name))
            shared = str(value) if what == "is" else ""
            groups.setdefault((name, what, shared), []).append(
                (value, float(points[feature]))
            )
    reasons = [
        Reason(
            name,
            what,
            rows[0][0] if what == "is" else None,
            min(value for value, _ in rows) if what in RANGES else None,
            max(value for value, _ in rows) if what in RANGES else None,
            len(rows),
            float(np.mean([points for _, points in rows])),
        )
        for (name, what, _), rows in groups.items()
    ]
    reasons.sort(key=lambda reason: (-reason.customers, -reason.points, reason.feature))
    return reasons[:MOST_REASONS]


def how_it_differs(value: Any, typical: Any) -> str:
    """Return how a value differs from the typical one, in a word."""
    if value is None:
        return "not known"
    if not is_number(value):
        return "is"
    if not is_number(typical):
        return "between"
    if value == typical:
        return "is"
    return "above" if value > typical else "below"


def is_number(value: Any) -> bool:
    """Return whether a value of JSON is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
