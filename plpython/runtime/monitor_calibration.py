"""Whether as many customers leave as their scores say, all in all and by score."""

from typing import NamedTuple

import numpy as np

from .monitor_expected import CERTAIN, bounds
from .monitor_figures import Groups
from .proportions import wilson_interval

BINS = 10
CONFIDENCE = 0.95


class Bin(NamedTuple):
    """Customers whose scores are in the same tenth.

    Attributes
    ----------
    low, high : float
        Where the tenth begins, and where the next one does.
    rows : int
    left, score : float
        The share who left, and the mean score.
    lower, upper : float
        The interval of that share.
    """

    low: float
    high: float
    rows: int
    left: float
    score: float
    lower: float
    upper: float


def calibration_bins(groups: Groups, left: np.ndarray) -> list[Bin]:
    """Return the bins that have customers, ascending.

    Parameters
    ----------
    groups : Groups
        As `Groups.of_scores` makes them.
    left : ndarray of shape (n_groups,)
        How many of each have left.
    """
    places = np.minimum((groups.scores * BINS).astype(int), BINS - 1)
    rows = np.bincount(places, groups.rows, BINS)
    gone = np.bincount(places, left, BINS)
    scores = np.bincount(places, groups.rows * groups.scores, BINS)
    found = []
    for place in np.flatnonzero(rows):
        share, lower, upper = share_with_interval(gone[place], rows[place])
        found.append(
            Bin(
                int(place) / BINS,
                (int(place) + 1) / BINS,
                int(rows[place]),
                share,
                float(scores[place] / rows[place]),
                lower,
                upper,
            )
        )
    return found


def share_with_interval(gone: float, rows: float) -> tuple[float, float, float]:
    """Return a share, and Wilson's interval of 95 % of it."""
    return gone / rows, *wilson_interval(gone, rows, 1 - CONFIDENCE)


class InTheLarge(NamedTuple):
    """The share who left, less the mean score.

    Attributes
    ----------
    value, lower, upper : float
        With the interval of the share.
    lowest, highest : float
        Where the value is with a probability of `CERTAIN` if the scores are true.
    left, score : float
        The share who left, and the mean score.
    """

    value: float
    lower: float
    upper: float
    lowest: float
    highest: float
    left: float
    score: float


def calibration_in_the_large(groups: Groups, left: np.ndarray) -> InTheLarge:
    """Compare the share who left with the mean score.

    Parameters
    ----------
    groups : Groups
        As `Groups.of_scores` makes them.
    left : ndarray of shape (n_groups,)
        How many of each have left.
    """
    total = groups.rows.sum()
    share, lower, upper = share_with_interval(left.sum(), total)
    score = float(groups.rows @ groups.scores / total)
    # Of a sum of outcomes, each with its own probability.
    variances = groups.scores * (1 - groups.scores)
    spread = np.sqrt(groups.rows @ variances)
    skew = groups.rows @ (variances * (1 - 2 * groups.scores)) / max(spread**3, 1e-300)
    quantile_bounds = bounds(score, spread / total, skew, CERTAIN)
    lowest, highest = (float(bound) - score for bound in quantile_bounds)
    return InTheLarge(
        share - score, lower - score, upper - score, lowest, highest, share, score
    )
