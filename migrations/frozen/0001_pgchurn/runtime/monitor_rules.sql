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
from scipy.special import bdtr, bdtrc, chdtrc, chdtri

# The usual limit: Siddiqi, "Credit Risk Scorecards" (2006), calls less insignificant.
LEAST_PSI = 0.1
# How often a window is to have any finding by chance: its tests share it (Bonferroni).
WINDOW_SIGNIFICANCE = 1e-4
# Fewer are expected by chance in a bin: it is merged with another (Cochran's rule).
FEWEST_EXPECTED = 5.0
# Of the reference's rows, in a bin of numbers: PSI is told over ten of them.
SHARE_OF_BIN = 0.1
BISECTIONS = 50
# More rows than any window has.
MOST_ROWS = 1e12


class Judged(NamedTuple):
    """What a rule says of a value."""

    value: float | None
    verdict: str
    detail: str | None


def stability(reference: np.ndarray, window: np.ndarray) -> float:
    """Return the population stability index of two samples.

    Parameters
    ----------
    reference, window : ndarray of float, shape (n_bins,)
        Rows in each bin. Where any has none, half a row is added to each.
    """
    if not (reference.all() and window.all()):
        reference, window = reference + 0.5, window + 0.5
    expected, found = reference / reference.sum(), window / window.sum()
    return float(((found - expected) * np.log(found / expected)).sum())


def chance_of_difference(reference: np.ndarray, window: np.ndarray) -> float:
    """Return how often two samples of one distribution differ as much, or more.

    By the chi-square test of homogeneity, in which both are samples.
    """
    both = reference + window
    total = both.sum()
    statistic = 0.0
    for sample in (reference, window):
        expected = both * (sample.sum() / total)
        statistic += float(((sample - expected) ** 2 / expected).sum())
    return float(chdtrc(len(both) - 1, statistic))


def rows_needed(bins: int, reference_rows: float, significance: float) -> float:
    """Return in how many rows a PSI of 0.1 can be significant; infinity: in none.

    The statistic of the chi-square test is about PSI times n N / (n + N).
    """
    least = float(chdtri(max(bins - 1, 1), significance)) / LEAST_PSI
    if least >= reference_rows:
        return float("inf")
    return float(np.ceil(1 / (1 / least - 1 / reference_rows)))


def coarse_bins(reference: np.ndarray) -> list[list[int]]:
    """Return which neighbouring bins make one of a tenth of the reference each.

    A bin at either end that the reference has nothing in stays one of its own.
    """
    groups: list[list[int]] = []
    share, least = 0.0, SHARE_OF_BIN * reference.sum() * (1 - 1e-9)
    for i, rows in enumerate(reference.tolist()):
        is_end = i in (0, len(reference) - 1) and rows == 0
        if not groups or share >= least or is_end or (i == 1 and reference[0] == 0):
            groups.append([])
            share = 0.0
        groups[-1].append(i)
        share += rows
    return groups


def merged(
    reference: np.ndarray, window: np.ndarray, ordered: int
) -> tuple[np.ndarray, np.ndarray]:
    """Merge bins of which too few rows are expected in the smaller sample.

    Parameters
    ----------
    reference, window : ndarray of float, shape (n_bins,)
    ordered : int
        So many bins from the first on are merged with neighbours; the others, and all
        that have none, with the smallest one.
    """
    sides = [[float(r), float(w)] for r, w in zip(reference, window)]
    smaller = min(reference.sum(), window.sum()) / max(
        1.0, reference.sum() + window.sum()
    )
    while len(sides) > 1:
        sizes = [(r + w) * smaller for r, w in sides]
        least = int(np.argmin(sizes))
        if sizes[least] >= FEWEST_EXPECTED:
            break
        if least < ordered and ordered > 1:
            near = [i for i in (least - 1, least + 1) if 0 <= i < ordered]
        else:
            near = [i for i in range(len(sides)) if i != least]
        other = min(near, key=lambda i: sizes[i])
        sides[other] = [a + b for a, b in zip(sides[other], sides[least])]
        del sides[least]
        ordered -= least < ordered
    merged_sides = np.array(sides)
    return merged_sides[:, 0], merged_sides[:, 1]


def judge_distribution(
    reference: np.ndarray, window: np.ndarray, ordered: int, significance: float
) -> Judged:
    """Judge whether a window is distributed as the reference.

    Parameters
    ----------
    reference, window : ndarray of float, shape (n_bins,)
        Rows in each bin, of which ``ordered`` follow one another.
    """
    groups = coarse_bins(reference[:ordered]) if ordered else []
    groups += [[i] for i in range(ordered, len(reference))]
    of_reference = np.array([reference[group].sum() for group in groups])
    of_window = np.array([window[group].sum() for group in groups])
    rows, reference_rows = window.sum(), reference.sum()
    if not rows or not reference_rows:
        return Judged(None, "too few", "there is no row to compare")
    left, right = merged(
        of_reference, of_window, len(groups) - (len(reference) - ordered)
    )
    value = stability(left, right)
    if value >= LEAST_PSI and chance_of_difference(left, right) < significance:
        return Judged(value, "finding", None)
    filled = int((of_reference > 0).sum())
    needed = rows_needed(filled, reference_rows, significance)
    if needed == float("inf"):
        told = f"the reference has {reference_rows:.0f} rows, which are too few"
        return Judged(value, "too few", told)
    if rows < needed:
        return Judged(value, "too few", f"needs {needed:.0f} rows, has {rows:.0f}")
    return Judged(value, "ok", None)


class Rates(NamedTuple):
    """Shares of rows that something holds of, and when they are findings.

    Each of shape (n_features,).
    """

    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    limits: np.ndarray
    needed: np.ndarray


def chance_of_rise(
    found: np.ndarray, rows: np.ndarray, expected: np.ndarray, of_rows: np.ndarray
) -> np.ndarray:
    """Return how often so many of a window's rows come by chance, or more.

    Given both counts together, by the conditional test of two Poisson rates
    (Przyborowski & Wilenski 1940), of what is the rarer: the event, or its contrary.

    Parameters
    ----------
    found, rows, expected, of_rows : ndarray of float, shape (n_features,)
        Events among the rows of the window, and of the reference.
    """
    share = rows / (rows + of_rows)
    rare = (found + expected) * 2 <= rows + of_rows
    others, other_expected = rows - found, of_rows - expected
    risen = np.where(
        found > 0, bdtrc(np.maximum(found - 1, 0), found + expected, share), 1.0
    )
    fallen = bdtr(others, others + other_expected, share)
    return np.where(rare, risen, fallen)


def chance_of_fall(
    found: np.ndarray, rows: np.ndarray, expected: np.ndarray, of_rows: np.ndarray
) -> np.ndarray:
    """Return how often so few of a window's rows come by chance, or fewer."""
    return chance_of_rise(rows - found, rows, of_rows - expected, of_rows)


def first_count(
    holds: Callable[[np.ndarray], np.ndarray], most: np.ndarray
) -> np.ndarray:
    """Return the least whole number, at most ``most`` + 1, from which on it holds."""
    low, high = np.zeros_like(most), most + 1
    while (low < high).any():
        middle = np.floor((low + high) / 2)
        found = holds(np.minimum(middle, most)) & (middle <= most)
        high = np.where((low < high) & found, middle, high)
        low = np.where((low < high) & ~found, middle + 1, low)
    return high


def judge_rates(
    found: np.ndarray,
    rows: np.ndarray,
    expected: np.ndarray,
    of_rows: np.ndarray,
    significance: float,
) -> Rates:
    """Return from which share on something is a finding.

    It is the least whose PSI, of those it holds of and the others, is 0.1, if that many
    hardly ever come by chance.

    Parameters
    ----------
    found, rows, expected, of_rows : ndarray of float, shape (n_features,)
        Events among the rows of the window, and of the reference, of which each has at
        least one.
    """

    def is_rise(count: np.ndarray) -> np.ndarray:
        return chance_of_rise(count, rows, expected, of_rows) < significance

    def is_expected(count: np.ndarray) -> np.ndarray:
        return chance_of_fall(count, rows, expected, of_rows) >= significance

    risen = first_count(is_rise, rows)
    effect = least_effect(expected, of_rows)

    def is_enough(count: np.ndarray) -> np.ndarray:
        count = np.maximum(count, 1.0)
        least = np.ceil(effect * count)
        return chance_of_rise(least, count, expected, of_rows) < significance

    needed = first_count(is_enough, np.full_like(rows, MOST_ROWS))
    limits = np.maximum(risen, np.ceil(effect * rows - 1e-9)) / rows
    return Rates(
        found / rows,
        np.minimum(first_count(is_expected, rows), rows) / rows,
        np.maximum(risen - 1, 0) / rows,
        limits,
        needed,
    )


def least_effect(expected: np.ndarray, of_rows: np.ndarray) -> np.ndarray:
    """Return the least larger share from which on PSI of the two is 0.1."""
    former = (expected + 0.5) / (of_rows + 1)
    low, high = former, np.ones_like(former)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        with np.errstate(divide="ignore"):
            odds = np.log(middle / former) - np.log((1 - middle) / (1 - former))
        enough = (middle - former) * odds >= LEAST_PSI
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high
$python$;
COMMENT ON FUNCTION churn_runtime.monitor_rules IS 'When a difference between a window and the reference is a finding.';
