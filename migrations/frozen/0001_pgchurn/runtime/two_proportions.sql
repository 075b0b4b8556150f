CREATE OR REPLACE FUNCTION churn_runtime.two_proportions() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""An exact test of two proportions that may be looked at at any time.

The e-process of R. Turner, A. Ly and P. Gruenwald, "Generic E-variables for exact
sequential k-sample tests that allow for optional stopping", Statistics and Decision
2024 (arXiv:2106.02693), on pairs of one customer of each arm, and the intervals of
R. Turner and P. Gruenwald, "Exact anytime-valid confidence intervals for contingency
tables and beyond", Statistics & Probability Letters 198, 2023 (arXiv:2203.09785).

Each pair multiplies a wealth by its likelihood under the shares that the pairs before
suggest, over that under the nearest ones, by Kullback-Leibler divergence, whose
difference is the one that is tested. If that is the true one, the product exceeds
1 / alpha with probability alpha at most, ever, however few customers leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

# Their parameter of the beta distributions of the two shares before the first pair.
PRIOR = 0.18
# The shares are suggested anew after so many pairs that there are about so many blocks.
BLOCKS = 500
BISECTIONS = 50
# Differences times blocks that are computed at once: an array of them takes 1 MB.
MOST_CELLS = 130_000
# Differences that are looked at on either side of what was found, ever further away.
OFFSETS = np.geomspace(1e-4, 2.0, 60)


@dataclass(frozen=True)
class Pairs:
    """Pairs of one customer of each arm, in the order of their exposure, in blocks.

    Attributes
    ----------
    counts : ndarray of float, shape (n_blocks,)
        How many pairs are in each block.
    challenger, champion : ndarray of float, shape (n_blocks,)
        How many customers of it left in either arm.
    """

    counts: np.ndarray
    challenger: np.ndarray
    champion: np.ndarray

    @classmethod
    def of(
        cls,
        pairs: int,
        challenger: Sequence[int] | np.ndarray,
        champion: Sequence[int] | np.ndarray,
        size: int,
    ) -> "Pairs":
        """Return so many pairs in blocks of a size.

        Parameters
        ----------
        challenger, champion : sequence of int
            Which customers of either arm left, by their places, from 0; those from
            ``pairs`` on have no partner yet.
        size : int
            To be chosen without a look at who left: see ``block_size``.
        """
        blocks = -(-pairs // size)
        counts = np.full(blocks, float(size))
        if blocks:
            counts[-1] = pairs - size * (blocks - 1)
        left = []
        for places in (challenger, champion):
            places = np.asarray(places, int)
            within = places[places < pairs] // size
            left.append(np.bincount(within, minlength=blocks).astype(float))
        return cls(counts, *left)

    def suggested(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the two shares that the blocks before each one suggest."""
        seen = before(self.counts) + 2 * PRIOR
        return (
            (before(self.challenger) + PRIOR) / seen,
            (before(self.champion) + PRIOR) / seen,
        )

    def log_e_values(self, differences: np.ndarray) -> np.ndarray:
        """Return the logarithm of the evidence against differences of the shares.

        Parameters
        ----------
        differences : ndarray of float, shape (n_differences,)
            Challenger's less champion's, more than -1 and less than 1.

        Returns
        -------
        ndarray of float, shape (n_differences,)
        """
        ours, theirs = self.suggested()
        evidence = np.zeros(len(differences))
        at_once = max(1, MOST_CELLS // max(1, len(self.counts)))
        for first in range(0, len(differences), at_once):
            some = slice(first, first + at_once)
            nearest = nearest_shares(ours, theirs, differences[some])
            for left, suggested, null in (
                (self.challenger, ours, nearest + differences[some, None]),
                (self.champion, theirs, nearest),
            ):
                stayed = self.counts - left
                evidence[some] += (np.log(suggested) - np.log(null)) @ left
                evidence[some] += (np.log1p(-suggested) - np.log1p(-null)) @ stayed
        return evidence

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return bounds of the difference that hold at all times at once."""
        pairs = float(self.counts.sum())
        if not pairs:
            return -1.0, 1.0
        found = float((self.challenger.sum() - self.champion.sum()) / pairs)
        return self.bound(found, -1.0, alpha), self.bound(found, 1.0, alpha)

    def bound(self, found: float, sign: float, alpha: float) -> float:
        """Return the bound in one direction: beyond it all differences are refuted."""
        limit = log(1 / alpha)
        tried = np.clip(found + sign * OFFSETS, -1 + 1e-9, 1 - 1e-9)
        standing = np.flatnonzero(self.log_e_values(tried) < limit)
        if len(standing) and standing[-1] == len(tried) - 1:
            return sign
        inner = float(tried[standing[-1]]) if len(standing) else found
        outer = float(tried[standing[-1] + 1 if len(standing) else 0])
        for _ in range(20):
            middle = (inner + outer) / 2
            if self.log_e_values(np.array([middle]))[0] < limit:
                inner = middle
            else:
                outer = middle
        return outer


def block_size(expected: float) -> int:
    """Return how many pairs are in a block, where so many in all are expected."""
    return max(1, round(expected / BLOCKS))


def before(values: np.ndarray) -> np.ndarray:
    """Return the sum of the values before each one."""
    return np.cumsum(values) - values


def nearest_shares(
    ours: np.ndarray, theirs: np.ndarray, differences: np.ndarray
) -> np.ndarray:
    """Return the champion's shares nearest to the suggested ones.

    Of all pairs of shares with a difference, those of the least Kullback-Leibler
    divergence from the suggested pair, by bisection of its derivative.

    Returns
    -------
    ndarray of float, shape (n_differences, n_blocks)
    """
    difference = differences[:, None]
    if not differences.any():
        return np.broadcast_to((ours + theirs) / 2, (len(differences), len(ours)))
    lower = np.broadcast_to(
        np.maximum(0.0, -difference), (len(differences), len(ours))
    ).copy()
    upper = np.broadcast_to(np.minimum(1.0, 1.0 - difference), lower.shape).copy()
    for _ in range(BISECTIONS):
        middle = (lower + upper) / 2
        other = middle + difference
        rises = (
            theirs / middle - (1 - theirs) / (1 - middle)
            + ours / other - (1 - ours) / (1 - other)
        ) > 0  # fmt: skip
        lower = np.where(rises, middle, lower)
        upper = np.where(rises, upper, middle)
    return (lower + upper) / 2
$python$;
COMMENT ON FUNCTION churn_runtime.two_proportions IS 'An exact test of two proportions that may be looked at at any time.';
