"""Scores beside what came of the customers, and the curves that they make."""

from dataclasses import dataclass

import numpy as np
from pgchurn.plpython.runtime.reference_scores import MOST_GROUPS, sound_groups


@dataclass(frozen=True, eq=False)
class Outcomes:
    """How many customers had which score, and how many of them churned.

    Attributes
    ----------
    scores : numpy.ndarray of float, shape (n_groups,)
        Strictly descending: the score of a group, or the mean of several.
    rows, positives : numpy.ndarray of int, shape (n_groups,)
        Customers in each group, and how many of them churned.
    """

    scores: np.ndarray
    rows: np.ndarray
    positives: np.ndarray

    @classmethod
    def of_rows(cls, scores: np.ndarray, positive: np.ndarray) -> "Outcomes":
        """Group rows by their score.

        Parameters
        ----------
        scores : numpy.ndarray of float, shape (n_rows,)
        positive : numpy.ndarray of bool, shape (n_rows,)
            Whether each churned.
        """
        distinct, group = np.unique(-scores, return_inverse=True)
        return cls(
            -distinct,
            np.bincount(group, minlength=len(distinct)),
            np.bincount(group, positive, len(distinct)).astype(int),
        )

    @classmethod
    def from_json(cls, document: object) -> "Outcomes | None":
        """Read what `as_dict` wrote; None where it is anything else.

        Whoever registers a version may write there what they like.
        """
        groups = sound_groups(document)
        return None if groups is None else cls(*groups)

    def as_dict(self) -> dict[str, list[float]]:
        """Return it, JSON-serialisable, the scores to six decimals."""
        return {
            "scores": np.round(self.scores, 6).tolist(),
            "rows": self.rows.tolist(),
            "positives": self.positives.tolist(),
        }

    def grouped(self, most: int = MOST_GROUPS) -> "Outcomes":
        """Return the same in at most so many groups, of about as many rows each.

        Rows of the same score stay together, so every point of the curves is one of
        those without groups.
        """
        if len(self.scores) <= most:
            return self
        before = np.cumsum(self.rows) - self.rows
        group = before * most // self.rows.sum()
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        rows = np.add.reduceat(self.rows, starts)
        return Outcomes(
            np.add.reduceat(self.scores * self.rows, starts) / rows,
            rows,
            np.add.reduceat(self.positives, starts),
        )

    @property
    def total(self) -> int:
        """Number of customers."""
        return int(self.rows.sum())

    @property
    def churned(self) -> int:
        """Number of those who churned."""
        return int(self.positives.sum())

    @property
    def share(self) -> float:
        """Share of those who churned."""
        return self.churned / self.total

    @property
    def has_both(self) -> bool:
        """Whether some churned and some did not."""
        return 0 < self.churned < self.total

    def roc(self) -> tuple[np.ndarray, np.ndarray]:
        """Return false and true positive rates, from taking nobody to everybody.

        As `sklearn.metrics.roc_curve` has them, with its points on straight lines.
        """
        return (
            from_nothing(self.rows - self.positives) / (self.total - self.churned),
            from_nothing(self.positives) / self.churned,
        )

    def precision_recall(self) -> tuple[np.ndarray, np.ndarray]:
        """Return recall and precision, from the highest score to everybody.

        As `sklearn.metrics.precision_recall_curve` has them, less its made-up point
        where nobody is taken.
        """
        found = np.cumsum(self.positives)
        return found / self.churned, found / np.cumsum(self.rows)

    def gain(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the share of customers taken, and that of the churners among them."""
        return (
            from_nothing(self.rows) / self.total,
            from_nothing(self.positives) / self.churned,
        )

    def found_among(self, share: float) -> float:
        """Return which share of the churners is in the first share of customers.

        Where the same score lies on either side of the border, as on average over all
        orders of these rows: along the straight line.
        """
        return float(np.interp(share, *self.gain()))

    def lift_at(self, share: float) -> float:
        """Return how many times as many churners as by chance are in the first."""
        return self.found_among(share) / share


def from_nothing(numbers: np.ndarray) -> np.ndarray:
    """Return running totals that begin with 0."""
    return np.concatenate([[0], np.cumsum(numbers)])
