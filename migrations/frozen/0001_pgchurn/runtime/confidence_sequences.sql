CREATE OR REPLACE FUNCTION churn_runtime.confidence_sequences() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Intervals for a mean that hold at all times at once, so that looking daily is safe.

The asymptotic confidence sequences of I. Waudby-Smith, D. Arbour, R. Sinha, E. H.
Kennedy and A. Ramdas, "Time-uniform central limit theory and asymptotic confidence
sequences", Annals of Statistics 52(6), 2024 (arXiv:2103.06476): the sum of n
observations, less its mean, is nearly a Brownian motion, and a boundary that this
crosses with probability alpha at most, ever, is one for the sum.

Theirs is Robbins's: a mixture of likelihood ratios over effects that are normal around
0. Here they are normal around the effect that the expected sample tells best, once in
either direction, which is Robbins's method as well (H. Robbins, "Statistical methods
related to the law of the iterated logarithm", 1970). Of a test on a sample of a fixed
size whose power is 0.8, a boundary around 0 has 0.66 at that size, and this one 0.77;
it is no wider from a third to three times the expected sample, and by a tenth at ten
times and a seventh at a tenth of it.
"""

from dataclasses import dataclass
from math import log, sqrt

# The variance of the effects that are mixed, as a share of their mean, squared: with
# less of it the sequence is narrower at the expected sample and wider elsewhere.
SPREAD = 0.1
# Beyond so many observations nobody waits for a decision.
MOST_OBSERVATIONS = 1e12


@dataclass(frozen=True)
class ConfidenceSequence:
    """An asymptotic confidence sequence for a mean.

    Attributes
    ----------
    expected : int
        The number of observations to which it is tuned: it is narrowest, compared with
        intervals for a single look, about there. To be chosen without a look at the
        outcomes.
    alpha : float
        How likely the mean is to be outside at any time at all, more than 0 and less
        than 1.

    Raises
    ------
    ValueError
        If there is no such sequence.
    """

    expected: int
    alpha: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what no sequence has."""
        if not self.expected >= 1:
            raise ValueError(f"expected must be at least 1, not {self.expected}")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1, not {self.alpha}")

    def radius(self, observations: float, deviation: float) -> float:
        """Return how far the mean may be from that of some observations.

        Parameters
        ----------
        observations : float
            How many there are, at least one.
        deviation : float
            The standard deviation of one.

        Returns
        -------
        float
            In the unit of the deviation.
        """
        time = observations / self.expected
        # The effect, per square root of the expected sample, for which a straight
        # boundary in the same direction is lowest there.
        effect = sqrt(2 * log(2 / self.alpha))
        variance = SPREAD * effect**2
        spread = time * variance + 1
        # Where the mixture over effects in one direction is 2 / alpha.
        level = log(2 * sqrt(spread) / self.alpha)
        root = sqrt(effect**2 + variance * (effect**2 * time + 2 * spread * level))
        boundary = (root - effect) / variance
        return deviation * boundary / (time * sqrt(self.expected))

    def observations_for(self, radius: float, deviation: float) -> float:
        """Return how many observations there must be for a radius this small.

        Infinity where there would have to be too many to wait for.
        """
        if self.radius(1, deviation) <= radius:
            return 1
        if not radius > 0 or self.radius(MOST_OBSERVATIONS, deviation) > radius:
            return float("inf")
        too_few, enough = 1.0, MOST_OBSERVATIONS
        while enough - too_few > max(0.5, enough * 1e-6):
            middle = sqrt(too_few * enough)
            if self.radius(middle, deviation) <= radius:
                enough = middle
            else:
                too_few = middle
        return enough
$python$;
COMMENT ON FUNCTION churn_runtime.confidence_sequences IS 'Intervals for a mean that hold at all times at once, so that looking daily is safe.';
