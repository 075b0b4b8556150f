"""Confidence intervals, and the groups in which calibration is looked at."""

from dataclasses import dataclass

import numpy as np
from pgchurn.loader.models.outcomes import Outcomes

GROUPS = 10
# Of the standard normal distribution, between whose negative and itself lie 95 %.
NORMAL_QUANTILE = 1.959963984540054


def wilson(positives: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % interval of shares.

    The score interval of E. B. Wilson, "Probable inference, the law of succession, and
    statistical inference", Journal of the American Statistical Association 22 (1927),
    which stays within 0 and 1 and holds for few rows and for shares at either end.

    Parameters
    ----------
    positives, rows : numpy.ndarray of int, shape (n_groups,)
        Of each group; it has at least one row.

    Returns
    -------
    low, high : numpy.ndarray of float, shape (n_groups,)
    """
    squared = NORMAL_QUANTILE**2
    share = positives / rows
    middle = (share + squared / (2 * rows)) / (1 + squared / rows)
    half = (
        NORMAL_QUANTILE
        / (1 + squared / rows)
        * np.sqrt(share * (1 - share) / rows + squared / (4 * rows**2))
    )
    # At either end the two terms are equal but for their rounding.
    low = np.where(positives == 0, 0.0, middle - half)
    high = np.where(positives == rows, 1.0, middle + half)
    return low, high


def roc_auc(outcomes: Outcomes) -> float:
    """Return the area under the ROC curve of customers of both outcomes."""
    wrong, found = outcomes.roc()
    return float(np.trapezoid(found, wrong))


def roc_auc_interval(outcomes: Outcomes) -> tuple[float, float] | None:
    """Return the 95 % interval of the area under the ROC curve.

    The variance is that of E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson,
    "Comparing the areas under two or more correlated receiver operating characteristic
    curves", Biometrics 44 (1988). The interval is symmetric in the log odds of the
    area, so that it stays within 0 and 1.

    Parameters
    ----------
    outcomes : Outcomes
        Of both outcomes.

    Returns
    -------
    low, high : float
        None: there is no variance to speak of, as where the ranking is perfect.
    """
    positives, negatives = outcomes.positives, outcomes.rows - outcomes.positives
    area = roc_auc(outcomes)
    # Of each group: the share of the other outcome that it is rightly above, or below.
    above = 1 - (np.cumsum(negatives) - negatives / 2) / negatives.sum()
    below = (np.cumsum(positives) - positives / 2) / positives.sum()
    variance = sum(
        (counts * (placements - area) ** 2).sum()
        / max(counts.sum() - 1, 1)
        / counts.sum()
        for counts, placements in ((positives, above), (negatives, below))
    )
    if variance <= 0 or not 0 < area < 1:
        return None
    half = NORMAL_QUANTILE * np.sqrt(variance) / (area * (1 - area))
    middle = np.log(area / (1 - area))
    low, high = 1 / (1 + np.exp(-np.array([middle - half, middle + half])))
    return float(low), float(high)


@dataclass(frozen=True, eq=False)
class CalibrationGroups:
    """Groups of customers of about the same score, ascending.

    Attributes
    ----------
    predicted : numpy.ndarray of float, shape (n_groups,)
        Mean score.
    observed, low, high : numpy.ndarray of float, shape (n_groups,)
        The share that churned, and its 95 % interval.
    rows : numpy.ndarray of int, shape (n_groups,)
    """

    predicted: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray

    @property
    def agreeing(self) -> int:
        """In how many groups the mean score lies within the interval."""
        within = (self.low <= self.predicted) & (self.predicted <= self.high)
        return int(within.sum())


def calibration_groups(outcomes: Outcomes) -> CalibrationGroups:
    """Return up to ten groups of about as many customers each, ascending by score."""
    groups = outcomes.grouped(GROUPS)
    low, high = wilson(groups.positives, groups.rows)
    backwards = slice(None, None, -1)
    return CalibrationGroups(
        groups.scores[backwards],
        (groups.positives / groups.rows)[backwards],
        low[backwards],
        high[backwards],
        groups.rows[backwards],
    )
