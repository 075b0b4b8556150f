CREATE OR REPLACE FUNCTION churn_runtime.monitor_expected() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What to expect of the outcomes of customers, of whom only the scores are known."""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
from scipy.special import expit, ndtri

from .monitor_figures import Groups
from .pacing import Pausing, no_pause

# Fewer who leave, or who stay, tell nothing: see Vergouwe, Steyerberg, Eijkemans and
# Habbema, "Substantial effective sample sizes were required for external validation
# studies of predictive logistic regression models", Journal of Clinical Epidemiology
# 58 (2005).
LEAST_OF_EACH = 100
# Steeper ones are of customers who leave as the scores say without an exception.
STEEPEST = 20.0

# Of an interval of 95 %, on either side.
STANDARD_ERRORS = 1.959963984540054

DRAWS = 1_000
# So many at once: bounds what a draw of each group takes, and for how long a cancel
# waits.
DRAWN_AT_ONCE = 50
# Eight figures are shown at once, so each band holds a little more often than 95%.
SHOWN = 0.98
# Of windows in which nothing has changed, so many are to seem so.
CERTAIN = 0.9999


Number = TypeVar("Number", float, np.ndarray)
# A value, and its interval.
Numbers = tuple[float, float | None, float | None]


class Recalibration(NamedTuple):
    """What the log odds of scores have to be scaled and shifted by to come true.

    A logistic regression of outcomes on log odds, as in Cox, "Two further applications
    of a model for binary regression", Biometrika 45 (1958), and in Platt scaling. Of
    few leavers it is safer than isotonic regression, it keeps the order of the scores,
    and its errors are known. They are independent, because the log odds are centred.

    Attributes
    ----------
    slope, intercept : float
        Of the log odds less `centre`.
    centre : float
    slope_error, intercept_error : float
        Standard errors.
    rows : int
        How many customers it is of.
    """

    slope: float
    intercept: float
    centre: float
    slope_error: float
    intercept_error: float
    rows: int

    def probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the probabilities of leaving."""
        return expit(self.intercept + self.slope * (log_odds - self.centre))

    def as_dict(self) -> dict[str, Numbers]:
        """Return its numbers by name, those that have one with their interval."""
        return {
            "slope": with_interval(self.slope, self.slope_error),
            "intercept": with_interval(self.intercept, self.intercept_error),
            "centre": (self.centre, None, None),
        }

    @classmethod
    def from_dict(cls, numbers: Mapping[str, Any], rows: int) -> "Recalibration":
        """Return what `as_dict` has the numbers of."""
        slope, _, slope_upper = numbers["slope"]
        intercept, _, intercept_upper = numbers["intercept"]
        return cls(
            slope,
            intercept,
            numbers["centre"][0],
            (slope_upper - slope) / STANDARD_ERRORS,
            (intercept_upper - intercept) / STANDARD_ERRORS,
            rows,
        )

    def drawn(
        self, log_odds: np.ndarray, draws: int, random: np.random.Generator
    ) -> np.ndarray:
        """Return probabilities as other customers might have had them fitted.

        Returns
        -------
        ndarray of shape (draws, n_groups)
        """
        errors = random.standard_normal((draws, 2))
        slopes = self.slope + self.slope_error * errors[:, :1]
        intercepts = self.intercept + self.intercept_error * errors[:, 1:]
        return expit(intercepts + slopes * (log_odds - self.centre))


def recalibration(groups: Groups, left: np.ndarray) -> Recalibration | None:
    """Fit what scores have to be scaled and shifted by.

    Parameters
    ----------
    groups : Groups
    left : ndarray of shape (n_groups,)
        How many of each have left.

    Returns
    -------
    Recalibration or None
        None: too few have left or stayed, or all have the same score.
    """
    from sklearn.linear_model import LogisticRegression

    stayed = groups.rows - left
    if min(left.sum(), stayed.sum()) < LEAST_OF_EACH or np.ptp(groups.log_odds) == 0:
        return None
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8)
    with warnings.catch_warnings():
        # Where the scores divide those who leave from all others, there is no end.
        warnings.simplefilter("ignore")
        model.fit(
            np.tile(groups.log_odds, 2)[:, None],
            np.repeat([1, 0], len(left)),
            np.concatenate([left, stayed]),
        )
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    found = expit(intercept + slope * groups.log_odds)
    information = groups.rows * found * (1 - found)
    total = information.sum()
    centre = float(information @ groups.log_odds / max(total, 1e-300))
    spread = float(information @ (groups.log_odds - centre) ** 2)
    if not abs(slope) <= STEEPEST or not min(total, spread) > 0:
        return None
    return Recalibration(
        slope,
        intercept + slope * centre,
        centre,
        spread**-0.5,
        float(total**-0.5),
        groups.total,
    )


def with_interval(value: float, error: float) -> Numbers:
    """Return a value with its interval of 95 %."""
    return value, value - STANDARD_ERRORS * error, value + STANDARD_ERRORS * error


class Expected(NamedTuple):
    """What is expected of each of `FIGURES`.

    Attributes
    ----------
    value : ndarray of shape (8,)
    lower, upper : ndarray of shape (8,)
        Between which it is with a probability of `SHOWN`.
    lowest, highest : ndarray of shape (8,)
        The same of `CERTAIN`.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


def expected_figures(
    groups: Groups, recalibrated: Recalibration | None, pause: Pausing = no_pause
) -> Expected:
    """Return what is expected of the outcomes of customers with these scores.

    Confidence-based performance estimation: were the probabilities true, each customer
    would leave with its own, and whatever is measured of the outcomes is distributed
    as that has it. Garg, Balakrishnan, Lipton, Neyshabur and Sedghi, "Leveraging
    unlabeled data to predict out-of-distribution performance", ICLR 2022, compare such
    estimates; NannyML's documentation of CBPE has these. The distribution is that of a
    parametric bootstrap, which draws the recalibration as well. It knows nothing of
    what changes the probabilities themselves: concept drift, and what is done to keep
    customers.

    Parameters
    ----------
    groups : Groups
        At least one.
    recalibrated : Recalibration or None
        What gives the probabilities; None: the scores are taken as they are.
    pause : callable
        Called between steps, see `Pause`.

    Returns
    -------
    Expected
        The same for the same groups, whenever it is called.
    """
    merged = groups.merged()
    random = np.random.default_rng(0)
    rows = merged.rows.astype(int)
    # Drawn in a quarter of the time.
    are_single = rows.max() == 1
    drawn = []
    for _ in range(DRAWS // DRAWN_AT_ONCE):
        pause()
        probabilities = (
            np.tile(merged.scores, (DRAWN_AT_ONCE, 1))
            if recalibrated is None
            else recalibrated.drawn(merged.log_odds, DRAWN_AT_ONCE, random)
        )
        left = (
            random.random(probabilities.shape) < probabilities
            if are_single
            else random.binomial(rows, probabilities)
        )
        drawn.append(merged.figures(left.astype(float)))
    figures = np.concatenate(drawn)
    # Where all of them leave, or all stay, some are not defined.
    figures = figures[~np.isnan(figures).any(axis=1)]
    if len(figures) < 2:
        return Expected(*np.full((5, figures.shape[1]), np.nan))
    value = figures.mean(axis=0)
    spread = figures.std(axis=0, ddof=1)
    moved = (figures - value) / np.where(spread > 0, spread, 1)
    skew = (moved**3).mean(axis=0)
    lower, upper = bounds(value, spread, skew, SHOWN)
    lowest, highest = bounds(value, spread, skew, CERTAIN)
    return Expected(value, lower, upper, lowest, highest)


def expected_share(groups: Groups, recalibrated: Recalibration | None) -> float:
    """Return which share of customers is expected to leave."""
    probabilities = (
        groups.scores
        if recalibrated is None
        else recalibrated.probabilities(groups.log_odds)
    )
    return float(groups.rows @ probabilities / groups.total)


def bounds(
    mean: Number, spread: Number, skew: Number, confidence: float
) -> tuple[Number, Number]:
    """Return between what a variable is, by the first terms of Cornish and Fisher.

    Cornish and Fisher, "Moments and cumulants in the specification of distributions",
    Revue de l'Institut International de Statistique 5 (1938). Far fewer draws are
    needed than for the quantiles themselves.
    """
    quantile = float(ndtri((1 + confidence) / 2))
    shift = (quantile**2 - 1) / 6 * skew
    # None of the figures can be below zero.
    lower: Any = np.maximum(mean + spread * (shift - quantile), 0)
    return lower, mean + spread * (shift + quantile)
$python$;
COMMENT ON FUNCTION churn_runtime.monitor_expected IS 'What to expect of the outcomes of customers, of whom only the scores are known.';
