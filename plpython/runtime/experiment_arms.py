"""What an experiment shows: which of two arms loses fewer customers."""

from collections.abc import Sequence
from math import log, sqrt
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from .confidence_sequences import ConfidenceSequence
from .two_proportions import Pairs, block_size

CHALLENGER = "challenger better"
CHAMPION = "champion better"
UNDECIDED = "undecided"
MISMATCH = "not judged: the arms are not of the same size"
# How likely either is called better that is not, ever. A part of it is for the time
# when few customers have left: both kinds of bounds may mislead.
ALPHA = 0.05
ALPHA_OF_FEW = 0.01
# Of each arm as many customers must have left, and stayed, for asymptotic bounds.
LEAST_EVENTS = 30


class Arm(NamedTuple):
    """Sums over the customers of an arm whose horizon has passed.

    Each may be an array: the sums at as many times.
    """

    # Customers, and how many of them left.
    n: np.ndarray
    left: np.ndarray
    # The covariate, known before: the champion's score at exposure.
    covariate: np.ndarray
    squared: np.ndarray
    # The covariate of those who left.
    of_left: np.ndarray

    @classmethod
    def of(cls, sums: Sequence[float]) -> "Arm":
        """Return an arm at a single time."""
        return cls(*(np.asarray(one, float) for one in sums))

    def share(self) -> np.ndarray:
        """Return the share of customers who left."""
        return self.left / np.maximum(self.n, 1)

    def mean(self) -> np.ndarray:
        """Return the mean of the covariate."""
        return self.covariate / np.maximum(self.n, 1)

    def of_covariate(self) -> np.ndarray:
        """Return the sum of squares of the covariate about its mean."""
        return np.maximum(self.squared - self.covariate * self.mean(), 0.0)

    def of_outcomes(self) -> np.ndarray:
        """Return the sum of squares of the outcomes about their mean."""
        return self.left - self.left * self.share()

    def of_both(self) -> np.ndarray:
        """Return the sum of products of covariate and outcome about their means."""
        return self.of_left - self.left * self.mean()


class Difference(NamedTuple):
    """How many more of the challenger's customers left, as a share."""

    value: np.ndarray
    # Of a single customer of either arm, as if the difference were a mean of these.
    deviation: np.ndarray


class Found(NamedTuple):
    """What an experiment shows at some time."""

    difference: float
    lower: float
    upper: float
    words: str


def adjusted_difference(challenger: Arm, champion: Arm) -> Difference:
    """Return the difference of two arms less what their covariates tell of it.

    That is CUPED: A. Deng, Y. Xu, R. Kohavi and T. Walker, "Improving the sensitivity
    of online controlled experiments by utilizing pre-experiment data", WSDM 2013, with
    one slope for both arms.
    """
    arms = challenger, champion
    spread = sum(arm.of_covariate() for arm in arms)
    shared = sum(arm.of_both() for arm in arms)
    slope = np.where(spread > 1e-12, shared / np.maximum(spread, 1e-12), 0.0)
    value = challenger.share() - champion.share()
    value = value - slope * (challenger.mean() - champion.mean())
    variance = 0.0
    for arm in arms:
        rest = (
            arm.of_outcomes()
            - 2 * slope * arm.of_both()
            + slope**2 * arm.of_covariate()
        )
        variance = variance + np.maximum(rest, 0.0) / np.maximum(arm.n, 1) ** 2
    return Difference(value, np.sqrt(variance * (challenger.n + champion.n)))


def are_few(challenger: Arm, champion: Arm) -> np.ndarray:
    """Return whether too few customers left, or stayed, for asymptotic bounds."""
    least = np.minimum(
        np.minimum(challenger.left, challenger.n - challenger.left),
        np.minimum(champion.left, champion.n - champion.left),
    )
    return least < LEAST_EVENTS


def found_of_few(
    challenger: Arm,
    champion: Arm,
    leavers: tuple[np.ndarray, np.ndarray],
    expected: int,
) -> Found:
    """Return what is shown by exact bounds.

    Parameters
    ----------
    leavers : tuple
        Who left of the challenger's arm and of the champion's: places in the order of
        exposure, from 0.
    expected : int
        How many customers of both arms are expected.
    """
    pairs = pairs_of(challenger, champion, leavers, expected)
    lower, upper = pairs.interval(ALPHA_OF_FEW)
    difference = float(challenger.share() - champion.share())
    # Who has no partner yet counts for the difference and not for its bounds.
    lower, upper = min(lower, difference), max(upper, difference)
    return Found(difference, lower, upper, words_of(lower, upper))


def found_of_many(
    challenger: Arm, champion: Arm, sequence: ConfidenceSequence
) -> Found:
    """Return what is shown by asymptotic bounds."""
    adjusted = adjusted_difference(challenger, champion)
    customers = float(challenger.n + champion.n)
    value = float(adjusted.value)
    radius = sequence.radius(customers, float(adjusted.deviation))
    lower, upper = max(value - radius, -1.0), min(value + radius, 1.0)
    return Found(value, lower, upper, words_of(lower, upper))


def pairs_of(
    challenger: Arm,
    champion: Arm,
    leavers: tuple[np.ndarray, np.ndarray],
    expected: int,
) -> Pairs:
    """Return the customers of both arms in pairs; parameters as ``found_of_few``."""
    pairs = int(min(challenger.n, champion.n))
    return Pairs.of(pairs, *leavers, block_size(expected / 2))


def may_be_equal(pairs: Pairs) -> bool:
    """Return whether exact bounds do not refute equal shares, which is told quickly."""
    return float(pairs.log_e_values(np.zeros(1))[0]) < log(1 / ALPHA_OF_FEW)


def words_of(lower: float, upper: float) -> str:
    """Return which arm is better by bounds of the difference."""
    if upper < 0:
        return CHALLENGER
    return CHAMPION if lower > 0 else UNDECIDED


def sequence_for(expected: int) -> ConfidenceSequence:
    """Return the asymptotic bounds, where so many customers of both are expected."""
    return ConfidenceSequence(max(1, expected), ALPHA - ALPHA_OF_FEW)


def customers_needed(
    share: float, effect: float, explained: float, power: float
) -> float:
    """Return how many customers of both arms it takes to find an effect.

    Parameters
    ----------
    share : float
        Of the champion's customers who leave, more than 0 and less than 1.
    effect : float
        Which part of these the better one keeps, more than 0 and at most 1.
    explained : float
        Which part of the variance of outcomes the covariate explains, less than 1.
    power : float
        How often it is found by then at least.
    """
    kept = share * (1 - effect)
    variance = share * (1 - share) + kept * (1 - kept)
    deviation = sqrt(2 * variance * (1 - explained))
    # Where as many are there as are expected, the radius is this by their root.
    width = sequence_for(1).radius(1, 1.0)
    return ((width + float(ndtri(power))) * deviation / (share * effect)) ** 2
