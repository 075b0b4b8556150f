"""Customers explained: what each feature adds to their score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pgchurn.loader.database import Connection, fetch_all
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.table import Table, streamed
from pgchurn.loader.reports.wording import shown

# So many take seconds, and the shares of reasons among them hardly change with more.
MOST_EXPLAINED = 2_000
EXPLAINED = (
    "SELECT score, passed, contributions"
    " FROM churn.explain_query(%s, %s, on_error => 'keep', pass_features => true)"
)
# Shares of the customers that have a lower score than the one that is shown.
SHOWN_QUANTILES = (1.0, 0.9, 0.75, 0.5, 0.1)


@dataclass(frozen=True, eq=False)
class ExplainedRows:
    """Some customers of a table, explained.

    Attributes
    ----------
    features : tuple of str
    keys : list of str or None
        None: who asks may not read them.
    scores : numpy.ndarray of float, shape (n_rows,)
        Descending.
    values : list of dict
        The value of each feature, None where it is not known.
    points : numpy.ndarray of float, shape (n_rows, n_features)
        What each feature adds to the probability; with `base` they sum to the score.
    base : float
        The probability without any feature.
    """

    features: tuple[str, ...]
    keys: list[str] | None
    scores: np.ndarray
    values: list[dict[str, Any]]
    points: np.ndarray
    base: float

    def shown(self) -> list[int]:
        """Return the rows to show: at quantiles of the score, and none twice."""
        last = len(self.scores) - 1
        return sorted({round((1 - share) * last) for share in SHOWN_QUANTILES})


def explained_rows(
    connection: Connection, table: Table, version: int
) -> ExplainedRows | Missing:
    """Explain some customers of a table, with the rights of who asks.

    Parameters
    ----------
    connection : Connection
    table : Table
    version : int
    """
    (base,) = fetch_all(connection, "explain_base", version=version)
    name = table.unused_name("key")
    others = {name: table.key_text} if table.shows_keys else {}
    query = table.query(connection, MOST_EXPLAINED, **others)
    rows = [
        row
        for row in streamed(connection, EXPLAINED, (version, query))
        if row[0] is not None
    ]
    # Why some are not explained has been said of the same rows when they were scored.
    connection.notices.clear()
    if not rows:
        return Missing("There is no customer with a score to explain.")
    rows.sort(key=lambda row: -row[0])
    scores = np.array([score for score, _, _ in rows])
    contributions = np.array(
        [[float(one[feature]) for feature in table.features] for _, _, one in rows]
    )
    return ExplainedRows(
        table.features,
        [shown(passed[name]) for _, passed, _ in rows] if others else None,
        scores,
        [passed for _, passed, _ in rows],
        in_points(contributions, scores - base["probability"]),
        base["probability"],
    )


def in_points(contributions: np.ndarray, differences: np.ndarray) -> np.ndarray:
    """Return contributions to log odds as parts of differences of probabilities.

    By the chord: each is scaled by what the probability changes for what the log odds
    change, so that the parts sum to the difference.

    Parameters
    ----------
    contributions : numpy.ndarray of float, shape (n_rows, n_features)
    differences : numpy.ndarray of float, shape (n_rows,)
        Score less the base's probability.
    """
    total = contributions.sum(axis=1)
    slope = np.divide(differences, total, out=np.zeros_like(total), where=total != 0)
    return contributions * slope[:, None]


def by_size(points: Sequence[float] | np.ndarray) -> list[int]:
    """Return the positions of numbers by their size without the sign, descending."""
    return [int(one) for one in np.argsort(-np.abs(points), kind="stable")]
