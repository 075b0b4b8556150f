CREATE OR REPLACE FUNCTION churn_runtime.monitor_rules() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""When a difference between a window and the reference is a finding.

It takes an effect and significance: a population stability index (PSI) of at least 0.1,
and a difference that hardly ever comes by chance in so many rows, of both samples. With
nothing drifted, PSI over ten deciles exceeds 0.1 in a third of windows of 100 rows.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import betainc, chdtrc, chdtri

from .monitor_results import FINDING, OK, TOO_FEW

# The usual limit: Siddiqi, "Credit Risk Scorecards" (2006), calls less insignificant.
LEAST_PSI = 0.1
# How often a window is to have any finding by chance: its tests share it (Bonferroni).
WINDOW_SIGNIFICANCE = 1e-4
# Fewer are expected by chance in a bin: it is merged with another (Cochran's rule).
FEWEST_EXPECTED = 5.0
# Of the reference's rows, in a bin of numbers: PSI is told over ten of them.
SHARE_OF_BIN = 0.1
# So many are compared, at most: with more, it takes more rows to tell.
MOST_BINS = 20
BISECTIONS = 50
# More rows than any window has.
MOST_ROWS = 1e9


class Judged(NamedTuple):
    """What is found of a distribution."""

    # The PSI; None: there is no row to compare.
    value: float | None
    verdict: str
    # Why no more can be said.
    detail: str | None = None
    # Which of the bins, by their places, differ the most together.
    bins: tuple[int, ...] = ()


def judge_distribution(
    reference: np.ndarray, window: np.ndarray, ordered: int, significance: float
) -> Judged:
    """Judge whether a window is distributed as the reference.

    Parameters
    ----------
    reference, window : ndarray of float, shape (n_bins,)
        Rows in each bin.
    ordered : int
        So many bins from the first on follow one another; their two ends are for what
        is beyond the reference's range.
    significance : float
        How often a finding may come by chance.
    """
    reference_rows, rows = float(reference.sum()), float(window.sum())
    if not rows or not reference_rows:
        return Judged(None, TOO_FEW, "there is no row to compare")
    groups = coarse_bins(reference, ordered)
    possible = min(MOST_BINS, sum(reference[group].sum() > 0 for group in groups))
    groups = merged_bins(groups, reference, window, ordered)
    left = np.array([reference[group].sum() for group in groups])
    right = np.array([window[group].sum() for group in groups])
    parts = stability(left, right)
    value, bins = float(parts.sum()), tuple(groups[int(np.argmax(parts))])
    if value >= LEAST_PSI and chance_of_difference(left, right) < significance:
        return Judged(value, FINDING, bins=bins)
    needed = rows_needed(possible, reference_rows, significance)
    lacking = lacking_rows(needed, rows, reference_rows)
    return Judged(value, TOO_FEW if lacking else OK, lacking, bins)


def lacking_rows(needed: float, rows: float, reference_rows: float) -> str | None:
    """Return what it takes to tell, None where there is enough.

    Parameters
    ----------
    needed : float
        Rows of a window; infinity: no window has enough.
    rows, reference_rows : float
        Those of the window, and of the reference.
    """
    if np.isinf(needed):
        return f"the reference has too few rows, {reference_rows:,.0f}"
    if rows < needed:
        return f"needs {needed:,.0f} rows, has {rows:,.0f}"
    return None


def coarse_bins(reference: np.ndarray, ordered: int) -> list[list[int]]:
    """Return which bins, by their places, make one of a tenth of the reference each.

    Both ends stay bins of their own, and so do those that do not follow one another.
    """
    others = [[place] for place in range(ordered, len(reference))]
    if not ordered:
        return others
    groups: list[list[int]] = []
    least = SHARE_OF_BIN * reference[:ordered].sum() * (1 - 1e-9)
    share = least
    for place, rows in enumerate(reference[1 : ordered - 1].tolist(), 1):
        if share >= least:
            groups.append([])
            share = 0.0
        groups[-1].append(place)
        share += rows
    return [[0], *groups, [ordered - 1], *others]


def merged_bins(
    groups: list[list[int]], reference: np.ndarray, window: np.ndarray, ordered: int
) -> list[list[int]]:
    """Merge bins of which too few rows are expected in the smaller of two samples.

    Expected by the rows of both together, which the test of homogeneity takes as given:
    what decides must not tell of one of them alone, the order of bins that do not
    follow one another included. A bin that has neighbours is merged with one of them,
    any other with the smallest.
    """
    groups = [list(group) for group in groups]
    both = reference + window
    smaller = min(reference.sum(), window.sum()) / both.sum()
    sizes = [float(both[group].sum()) * smaller for group in groups]
    while len(groups) > 1:
        least = int(np.argmin(sizes))
        if sizes[least] >= FEWEST_EXPECTED and len(groups) <= MOST_BINS:
            break
        near = [
            place
            for place in (least - 1, least + 1)
            if groups[least][0] < ordered
            and 0 <= place < len(groups)
            and groups[place][0] < ordered
        ] or [place for place in range(len(groups)) if place != least]
        other = min(near, key=lambda place: sizes[place])
        first, second = sorted((least, other))
        # What has a neighbour keeps it.
        groups[first] += groups.pop(second)
        sizes[first] += sizes.pop(second)
    return groups


def stability(reference: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Return what each bin adds to the population stability index of two samples.

    Parameters
    ----------
    reference, window : ndarray of float, shape (n_bins,)
        Rows in each bin. Where any has none, half a row is added to each.
    """
    if not (reference.all() and window.all()):
        reference, window = reference + 0.5, window + 0.5
    expected, found = reference / reference.sum(), window / window.sum()
    return (found - expected) * np.log(found / expected)


def chance_of_difference(reference: np.ndarray, window: np.ndarray) -> float:
    """Return how often two samples of one distribution differ as much, or more.

    By the chi-square test of homogeneity, in which both are samples.
    """
    if len(reference) < 2:
        return 1.0
    both = reference + window
    statistic = 0.0
    for sample in (reference, window):
        expected = both * (sample.sum() / both.sum())
        statistic += float(((sample - expected) ** 2 / expected).sum())
    return float(chdtrc(len(both) - 1, statistic))


def rows_needed(bins: int, reference_rows: float, significance: float) -> float:
    """Return in how many rows a PSI of 0.1 can be significant; infinity: in none.

    The statistic of the test of homogeneity is about PSI times n N / (n + N).
    """
    least = float(chdtri(max(bins - 1, 1), significance)) / LEAST_PSI
    if least >= reference_rows:
        return float("inf")
    return float(np.ceil(1 / (1 / least - 1 / reference_rows)))


class Counts(NamedTuple):
    """How many rows something holds of, and of how many, in two samples.

    Each of shape (n_rates,).
    """

    found: np.ndarray
    # At least one each.
    rows: np.ndarray
    # The same in the reference.
    expected: np.ndarray
    of_rows: np.ndarray


class JudgedRate(NamedTuple):
    """A share of a window's rows, and when it is a finding."""

    value: float
    # Where nothing is significant.
    lower: float
    upper: float
    # From where on it is a finding; above 1: no share of so few rows is.
    limit: float
    # From how many rows on the least effect is significant; infinity: of none.
    needed: float
    # Whether it can be so much larger than in the reference at all.
    can_rise: bool


def judge_rates(counts: Counts, significance: float) -> list[JudgedRate]:
    """Judge whether shares are larger than in the reference.

    A finding is a share whose PSI, of what it is of and the others, is at least 0.1, if
    so many hardly ever come by chance.

    Parameters
    ----------
    counts : Counts
    significance : float
        How often a finding may come by chance.
    """
    found, rows, expected, of_rows = counts
    effect = least_effect(expected, of_rows)
    risen = first_count(
        lambda some: chance_of_rise(some, rows, expected, of_rows) < significance, rows
    )
    fallen = first_count(
        lambda some: chance_of_fall(some, rows, expected, of_rows) >= significance, rows
    )
    needed = first_count(
        lambda some: (
            chance_of_rise(
                np.ceil(effect * some), np.maximum(some, 1), expected, of_rows
            )
            < significance
        ),
        np.full(len(rows), MOST_ROWS),
    )
    judged = (
        found / rows,
        np.minimum(fallen, rows) / rows,
        (risen - 1) / rows,
        np.maximum(risen, np.ceil(effect * rows - 1e-9)) / rows,
        np.where(needed < MOST_ROWS, needed, np.inf),
        effect < 1,
    )
    return [JudgedRate(*each) for each in zip(*(one.tolist() for one in judged))]


def least_effect(expected: np.ndarray, of_rows: np.ndarray) -> np.ndarray:
    """Return the least larger share whose PSI against the former is 0.1; 1: none is."""
    former = (expected + 0.5) / (of_rows + 1)
    low, high = former, np.ones_like(former)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        with np.errstate(divide="ignore"):
            odds = np.log(middle / former) - np.log((1 - middle) / (1 - former))
        is_enough = (middle - former) * odds >= LEAST_PSI
        low, high = np.where(is_enough, low, middle), np.where(is_enough, middle, high)
    return high


def chance_of_rise(
    found: np.ndarray, rows: np.ndarray, expected: np.ndarray, of_rows: np.ndarray
) -> np.ndarray:
    """Return how often so many of a window's rows come by chance, or more.

    By the conditional test of two Poisson rates [1]_, of that which is rarer: what is
    counted, or the others. Of shares it is on the safe side.

    References
    ----------
    .. [1] Przyborowski and Wilenski, "Homogeneity of results in testing samples from
       Poisson series", Biometrika 31 (1940).
    """
    share = rows / (rows + of_rows)
    others, of_others = rows - found, of_rows - expected
    # Tails of the binomial distribution, of any number of rows.
    more = np.where(found > 0, betainc(np.maximum(found, 1), expected + 1, share), 1.0)
    fewer = np.where(
        of_others > 0, betainc(np.maximum(of_others, 1), others + 1, 1 - share), 1.0
    )
    return np.where((found + expected) <= others + of_others, more, fewer)


def chance_of_fall(
    found: np.ndarray, rows: np.ndarray, expected: np.ndarray, of_rows: np.ndarray
) -> np.ndarray:
    """Return how often so few of a window's rows come by chance, or fewer."""
    return chance_of_rise(rows - found, rows, of_rows - expected, of_rows)


def first_count(
    holds: Callable[[np.ndarray], np.ndarray], most: np.ndarray
) -> np.ndarray:
    """Return the least count, at most one more than ``most``, from which on it holds.

    Parameters
    ----------
    holds : callable
        Says of counts whether it does.
    most : ndarray of float, shape (n_counts,)
    """
    low, high = np.zeros_like(most), most + 1
    while (low < high).any():
        middle = np.minimum(np.floor((low + high) / 2), most)
        found = holds(middle)
        is_open = low < high
        high = np.where(is_open & found, middle, high)
        low = np.where(is_open & ~found, middle + 1, low)
    return high
$python$;
COMMENT ON FUNCTION churn_runtime.monitor_rules IS 'When a difference between a window and the reference is a finding.';
