CREATE OR REPLACE FUNCTION churn_runtime.comparing_segments() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Where one version does worse than another: sums over segments of customers."""

from collections.abc import Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from .explanation_rows import number_text, quoted
from .features import Columns
from .reference import LONGEST_CATEGORY
from .signature import Feature

# Of a text's values, those that come first; what comes later is one segment together.
MOST_CATEGORIES = 50
# Segments of numbers, of about as many customers each.
BINS = 5
# Of fewer customers, or fewer who left, the mean of a segment is nowhere near normal.
LEAST_CUSTOMERS = 100
LEAST_LEAVERS = 10


class WorstSegment(NamedTuple):
    """The segment in which the challenger does worse most surely.

    Attributes
    ----------
    name : str
        Such as ``contract is two year``.
    champion, challenger : float
        Mean log losses.
    lower, upper : float
        Of the challenger's less the champion's, for all segments at once.
    customers, segments : int
        In it, and how many segments were looked at.
    """

    name: str
    champion: float
    challenger: float
    lower: float
    upper: float
    customers: int
    segments: int


class Segments:
    """Sums of two versions' losses by the values of features, batch by batch.

    Parameters
    ----------
    features : sequence of Feature
    edges : dict of str to sequence of float
        Where the bins of numbers meet, by feature; of those without any the first batch
        decides.
    """

    def __init__(
        self, features: Sequence[Feature], edges: dict[str, Sequence[float]]
    ) -> None:
        self.features = [segmented(feature, edges) for feature in features]
        self.total = 0

    def add(
        self,
        columns: Columns,
        champion: np.ndarray,
        challenger: np.ndarray,
        left: np.ndarray,
    ) -> None:
        """Add customers.

        Parameters
        ----------
        columns : dict of str to ndarray of shape (n_customers,)
            Those of other features are not looked at.
        champion, challenger : ndarray of shape (n_customers,)
            Log losses.
        left : ndarray of bool, shape (n_customers,)
        """
        difference = challenger - champion
        weights = (left, champion, challenger, np.square(difference))
        self.total += len(left)
        for feature in self.features:
            name = feature.feature.name
            if name in columns:
                feature.add(columns[name], weights)

    def worst(self, alpha: float) -> WorstSegment | None:
        """Return where the challenger does worse most surely; None: nowhere to look.

        Parameters
        ----------
        alpha : float
            How likely any segment's difference is to be outside its interval, for a
            single look.
        """
        found = [
            (feature.label(place), sums)
            for feature in self.features
            for place, sums in enumerate(feature.sums.T.tolist())
            if sums[0] >= LEAST_CUSTOMERS
            and sums[1] >= LEAST_LEAVERS
            and sums[0] < self.total
        ]
        if not found:
            return None
        # Bonferroni's: the worst of many is bad by chance.
        deviations = -float(ndtri(alpha / (2 * len(found))))
        return max(
            (worst_segment(*one, deviations, len(found)) for one in found),
            key=lambda one: one.lower,
        )


def worst_segment(
    name: str, sums: Sequence[float], deviations: float, segments: int
) -> WorstSegment:
    """Return a segment by its sums, with an interval of so many standard errors."""
    customers, _, champion, challenger, squares = sums
    mean = (challenger - champion) / customers
    variance = max(0.0, squares / customers - mean**2)
    radius = deviations * sqrt(variance / customers)
    return WorstSegment(
        name,
        champion / customers,
        challenger / customers,
        mean - radius,
        mean + radius,
        int(customers),
        segments,
    )


class SegmentedFeature:
    """Sums by the segments of one feature; the last is where it is not known."""

    def __init__(self, feature: Feature, segments: int) -> None:
        self.feature = feature
        # Customers, leavers, losses of champion and challenger, squared differences.
        self.sums = np.zeros((5, segments + 1))

    def add(self, values: np.ndarray, weights: Sequence[np.ndarray]) -> None:
        """Add customers with these values."""
        places = self.places(values)
        segments = self.sums.shape[1]
        self.sums[0] += np.bincount(places, minlength=segments)
        for sums, weight in zip(self.sums[1:], weights):
            sums += np.bincount(places, weight, segments)

    def places(self, values: np.ndarray) -> np.ndarray:
        """Return the number of the segment of each value."""
        raise NotImplementedError

    def label(self, place: int) -> str:
        """Return what is the case in a segment."""
        if place == self.sums.shape[1] - 1:
            return f"{self.feature.name} is not known"
        return f"{self.feature.name} {self.value_label(place)}"

    def value_label(self, place: int) -> str:
        """Return what the values of a segment are."""
        raise NotImplementedError


class SegmentedText(SegmentedFeature):
    """Sums by the values of a text, as they come."""

    def __init__(self, feature: Feature) -> None:
        super().__init__(feature, MOST_CATEGORIES + 1)
        self.categories: dict[Any, int] = {}

    def places(self, values: np.ndarray) -> np.ndarray:
        """Return the number of the segment of each value."""
        return np.array([self.place(value) for value in values.tolist()], int)

    def place(self, value: Any) -> int:
        """Return the segment of one value."""
        place = self.categories.get(value)
        if place is not None:
            return place
        # What is not equal to itself is NaN.
        if value != value:
            return MOST_CATEGORIES + 1
        if len(self.categories) == MOST_CATEGORIES or len(value) > LONGEST_CATEGORY:
            return MOST_CATEGORIES
        place = self.categories[value] = len(self.categories)
        return place

    def value_label(self, place: int) -> str:
        """Return what the values of a segment are."""
        if place == MOST_CATEGORIES:
            return "is any other"
        return f"is {quoted(list(self.categories)[place])}"


class SegmentedBoolean(SegmentedFeature):
    """Sums by false and true."""

    def __init__(self, feature: Feature) -> None:
        super().__init__(feature, 2)

    def places(self, values: np.ndarray) -> np.ndarray:
        """Return the number of the segment of each value."""
        return np.where(np.isnan(values), 2, values).astype(int)

    def value_label(self, place: int) -> str:
        """Return what the values of a segment are."""
        return f"is {('false', 'true')[place]}"


class SegmentedNumber(SegmentedFeature):
    """Sums by ranges of a number."""

    def __init__(self, feature: Feature, edges: Sequence[float]) -> None:
        super().__init__(feature, BINS)
        self.edges = np.array(edges, float)

    def places(self, values: np.ndarray) -> np.ndarray:
        """Return the number of the segment of each value."""
        unknown = np.isnan(values)
        if not len(self.edges) and not unknown.all():
            self.edges = inner_edges(values[~unknown])
        # What is exactly at an edge is above it.
        places = np.searchsorted(self.edges, values, side="right")
        return np.where(unknown, BINS, places)

    def value_label(self, place: int) -> str:
        """Return what the values of a segment are."""
        texts = [number_text(float(f"{edge:.4g}")) for edge in self.edges]
        if place == 0:
            return f"below {texts[0]}"
        if place == len(texts):
            return f"from {texts[-1]}"
        return f"from {texts[place - 1]} to {texts[place]}"


def segmented(feature: Feature, edges: dict[str, Sequence[float]]) -> SegmentedFeature:
    """Return what sums by the segments of a feature."""
    if feature.is_text:
        return SegmentedText(feature)
    if feature.kind == "boolean":
        return SegmentedBoolean(feature)
    return SegmentedNumber(feature, edges.get(feature.name, ()))


def inner_edges(values: np.ndarray) -> np.ndarray:
    """Return where bins of about as many of some numbers meet, each edge once.

    Of values that occur: the share of a value that most have is one bin, or two.
    """
    shares = np.arange(1, BINS) / BINS
    return np.unique(np.quantile(values, shares, method="inverted_cdf"))
$python$;
COMMENT ON FUNCTION churn_runtime.comparing_segments IS 'Where one version does worse than another: sums over segments of customers.';
