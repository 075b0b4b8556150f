CREATE OR REPLACE FUNCTION churn_runtime.monitor_bins() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Rows of the reference and of a window side by side, in the same bins."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .monitor_results import FEWEST_NAMED, quoted_value
from .monitor_tallies import CategoryTally, NumberTally, Tally


class Bins(NamedTuple):
    """How many rows are in each bin.

    Attributes
    ----------
    expected, window : ndarray of float, shape (n_bins,)
        Of the reference, and of the window.
    ordered : int
        So many bins from the first on follow one another, from what is below the
        reference's range to what is above it.
    others : list of str
        What rows in each of the other bins are.
    """

    expected: np.ndarray
    window: np.ndarray
    ordered: int
    others: list[str]

    def told(self, places: Sequence[int]) -> str:
        """Return the shares of some bins together, in words.

        Of numbers by the reference's percentiles, not by values: whoever reads this
        need not be allowed to read the profile.
        """
        bins = [
            place
            for place in sorted(places)
            if self.window[place] or self.expected[place]
        ]
        now = self.window[bins].sum() / self.window.sum()
        before = self.expected[bins].sum() / self.expected.sum()
        return f"{now:.1%} {self.name(bins)}, where {before:.1%} were"

    def name(self, bins: list[int]) -> str:
        """Return what rows in some bins are."""
        if bins[0] >= self.ordered:
            names = [self.others[place - self.ordered] for place in bins]
            return names[0] if len(names) == 1 else "are of rare categories, or null"
        if bins == [0]:
            return "are below the reference's range"
        if bins == [self.ordered - 1]:
            return "are above the reference's range"
        known = self.expected[: self.ordered]
        last = [place for place in bins if place < self.ordered][-1]
        before, through = (
            f"{100 * known[:end].sum() / known.sum():.0f}"
            for end in (bins[0], last + 1)
        )
        return f"are between percentiles {before} and {through} of the reference"


def score_bins(known: dict[str, Any], counted: NumberTally) -> Bins:
    """Return the bins of scores."""
    expected = np.array([0.0, *known["shares"], 0.0]) * known["rows"]
    return Bins(expected, counted.counts, len(expected), [])


def feature_bins(
    known: dict[str, Any], rows: int, counted: Tally, is_logged: bool
) -> Bins:
    """Return the bins of a feature, of which the last is of what is null.

    Parameters
    ----------
    known : dict
        What the reference says of it.
    rows : int
        Of the reference.
    counted : NumberTally or CategoryTally
    is_logged : bool
        Whether a category of the window may be named.
    """
    kept = rows * known["known"]
    if isinstance(counted, NumberTally):
        shares = known["shares"] or [0.0]
        expected = np.array([0.0, *shares, 0.0]) * kept
        return Bins(
            np.append(expected, rows - kept),
            np.append(counted.counts, counted.nulls),
            len(expected),
            ["are null"],
        )
    return category_bins(known, rows, counted, is_logged)


def category_bins(
    known: dict[str, Any], rows: int, counted: CategoryTally, is_logged: bool
) -> Bins:
    """Return the bins of a text or boolean feature."""
    listed, kept = known["categories"], rows * known["known"]
    nulls = rows - kept
    if "common" in known:
        listed, kept = known["common"]["categories"], float(known["common"]["rows"])
        nulls = kept / known["known"] - kept
    # In an order that tells nothing of how many there are: see ``merged_bins``.
    expected = dict(sorted(listed))
    window = {value: counted.counts[counted.places[value]] for value in expected}
    others = (
        kept - sum(expected.values()),
        counted.counts.sum() - sum(window.values()),
    )
    names = [
        f"are {quoted_value(value)}"
        if is_logged and count >= FEWEST_NAMED
        else "are of one category"
        for value, count in window.items()
    ]
    return Bins(
        np.array([*expected.values(), max(0.0, others[0]), nulls], float),
        np.array([*window.values(), others[1], counted.nulls], float),
        0,
        [*names, "are of other categories", "are null"],
    )


def is_category(counted: Tally) -> bool:
    """Return whether a feature is of texts, of which there may be others any time."""
    return isinstance(counted, CategoryTally) and not any(
        isinstance(value, bool) for value in counted.places
    )
$python$;
COMMENT ON FUNCTION churn_runtime.monitor_bins IS 'Rows of the reference and of a window side by side, in the same bins.';
