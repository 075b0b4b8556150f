"""How often comparing two models every day calls one better that is not, or misses it.

Customers are made up whose risk two models know in part, in a probit model, so that
both give exactly the probability that follows from what they know. Every day some more
customers are mature, and all that are so far are looked at, as churn.compare does.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from pgchurn.plpython.runtime.comparing_scores import (
    CHALLENGER,
    CHAMPION,
    log_losses,
    verdict_of_moments,
)
from pgchurn.plpython.runtime.confidence_sequences import ConfidenceSequence
from scipy.stats import norm

from tests.soak.bars import Bar

DAYS = 180
# What churn.compare has by default.
EXPECTED = 10_000
MATERIAL = 0.002
ALPHA = 0.05
# Customers who become mature on a day.
ARRIVALS = (10, 30, 100, 300)
CHURN = (0.08, 0.15)
# To tell what the difference of two models is, beside noise.
REFERENCE_ROWS = 250_000


@dataclass(frozen=True)
class Market:
    """Customers, and what two models know of them.

    The risk of a customer is the probability that a normal variable is below ``base``
    and three parts of standard deviations ``shared``, which both models know, and
    ``champion`` and ``challenger``, which one of them does. The challenger's scores
    are further from the mean than they should be, by the factor ``boldness`` on the
    scale of probits.
    """

    base: float
    shared: float
    champion: float
    challenger: float
    boldness: float = 1.0

    @classmethod
    def of_churn(cls, churn, shared, champion, challenger, boldness=1.0):
        """Return a market of which this share leaves."""
        spread = sqrt(1 + shared**2 + champion**2 + challenger**2)
        base = float(norm.ppf(churn)) * spread
        return cls(base, shared, champion, challenger, boldness)

    def draw(self, rng, customers):
        """Return the two models' scores and the customers' risks."""
        shared, of_champion, of_challenger = (
            rng.standard_normal(customers) * deviation
            for deviation in (self.shared, self.champion, self.challenger)
        )
        risk = norm.cdf(self.base + shared + of_champion + of_challenger)
        champion = norm.cdf(
            (self.base + shared + of_champion) / sqrt(1 + self.challenger**2)
        )
        known = (self.base + shared + of_challenger) / sqrt(1 + self.champion**2)
        middle = self.base / sqrt(1 + self.shared**2 + self.champion**2)
        challenger = norm.cdf(middle + self.boldness * (known - middle))
        return champion, challenger, risk

    def differences(self, rng, customers):
        """Return the differences of log losses, and whether the customers left."""
        champion, challenger, risk = self.draw(rng, customers)
        left = rng.random(customers) < risk
        return log_losses(challenger, left) - log_losses(champion, left), left

    def effect(self):
        """Return the mean difference of log losses, and its standard deviation.

        Of customers each of whom leaves and stays by their risk, which tells it more
        exactly than if each did either.
        """
        champion, challenger, risk = self.draw(np.random.default_rng(1), REFERENCE_ROWS)
        mean, square = 0.0, 0.0
        for left, share in ((True, risk), (False, 1 - risk)):
            of_one = log_losses(challenger, left) - log_losses(champion, left)
            mean += float(np.mean(share * of_one))
            square += float(np.mean(share * np.square(of_one)))
        return mean, sqrt(square - mean**2)


def equal_markets(rng, streams):
    """Yield markets in which neither model knows more than the other."""
    for _ in range(streams):
        known = rng.uniform(0.1, 0.6)
        yield Market.of_churn(rng.uniform(*CHURN), rng.uniform(0.3, 0.8), known, known)


def bold_market(churn):
    """Return a market whose challenger knows more, but is too bold to gain by it.

    Its differences are far from symmetric.
    """
    timid, bold = 1.0, 3.0
    while bold - timid > 1e-3:
        middle = (timid + bold) / 2
        market = Market.of_churn(churn, 0.5, 0.2, 0.5, middle)
        mean, _ = market.effect()
        timid, bold = (middle, bold) if mean < 0 else (timid, middle)
    return market


class Stream:
    """What is known of a comparison at the end of each day."""

    def __init__(self, rng, market, arrivals):
        counts = rng.poisson(arrivals, DAYS)
        differences, left = market.differences(rng, counts.sum())
        ends = np.cumsum(counts)
        self.customers = ends
        self.leavers = sums(left.astype(float), ends)
        self.means = sums(differences, ends) / np.maximum(ends, 1)
        squares = sums(np.square(differences), ends) / np.maximum(ends, 1)
        self.deviations = np.sqrt(np.maximum(squares - np.square(self.means), 0))

    def called(self, sequence):
        """Return what is called first on any day, or None."""
        for customers, leavers, mean, deviation in zip(
            self.customers.tolist(),
            self.leavers.tolist(),
            self.means.tolist(),
            self.deviations.tolist(),
        ):
            if not customers:
                continue
            found = verdict_of_moments(
                customers, leavers, mean, deviation, sequence, MATERIAL
            )
            if found.words in (CHALLENGER, CHAMPION):
                return found.words
        return None

    def z(self):
        """Return the statistic of a paired test on each day."""
        errors = self.deviations / np.sqrt(np.maximum(self.customers, 1))
        return self.means / np.maximum(errors, 1e-12)

    def called_by_tests(self):
        """Return whether a test for a single look, made daily, calls either better."""
        seen = np.minimum(self.leavers, self.customers - self.leavers) >= 30
        return bool((abs(self.z()[seen]) > norm.isf(ALPHA / 2)).any())


def sums(values, ends):
    """Return the sums of so many values from the first on."""
    return np.concatenate([[0.0], np.cumsum(values)])[ends]


def false_calls(rng, markets, arrivals=ARRIVALS):
    """Return in which share of streams either is called better, and by daily tests."""
    sequence = ConfidenceSequence(EXPECTED, ALPHA)
    called, by_tests = [], []
    for market in markets:
        stream = Stream(rng, market, rng.choice(arrivals))
        called.append(stream.called(sequence) is not None)
        by_tests.append(stream.called_by_tests())
    return float(np.mean(called)), float(np.mean(by_tests))


def powers(rng, streams, wanted):
    """Return the powers of a test at the planned end, of the sequence and of it there.

    Parameters
    ----------
    wanted : float
        The power of the test for which the sample is planned.
    """
    market = Market.of_churn(0.11, 0.6, 0.25, 0.35)
    mean, deviation = market.effect()
    shift = norm.isf(ALPHA / 2) + norm.ppf(wanted)
    planned = (shift * deviation / mean) ** 2
    sequence = ConfidenceSequence(round(planned), ALPHA)
    by_test, by_sequence = [], []
    for _ in range(streams):
        stream = Stream(rng, market, planned / DAYS)
        by_test.append(stream.z()[-1] < -norm.isf(ALPHA / 2))
        by_sequence.append(stream.called(sequence) == CHALLENGER)
    return float(np.mean(by_test)), float(np.mean(by_sequence))


def measure(_server, full):
    """Yield the bars."""
    rng = np.random.default_rng(0)
    streams, trials = (1_000, 4_000) if full else (200, 400)
    wanted = "at most 5% called better or worse"
    called, by_tests = false_calls(rng, equal_markets(rng, streams))
    yield Bar(
        f"{streams:,} streams of equal models, looked at daily for {DAYS} days",
        wanted,
        f"{called:.1%} (by a test made daily: {by_tests:.0%})",
        called <= ALPHA,
    )
    market = bold_market(0.1)
    called, by_tests = false_calls(rng, [market] * streams)
    yield Bar(
        f"{streams:,} of models that are equal, of which one is too bold",
        wanted,
        f"{called:.1%} (by a test made daily: {by_tests:.0%})",
        called <= ALPHA,
    )
    # Of few streams the lower one is told too roughly.
    for power in (0.8, 0.9) if full else (0.9,):
        by_test, by_sequence = powers(rng, trials, power)
        yield Bar(
            f"power at the planned end, of a paired test's {power}",
            "at least 0.75 of it",
            f"{by_sequence / by_test:.2f} ({by_sequence:.2f} of {by_test:.2f})",
            by_sequence >= 0.75 * by_test,
        )
