"""The parts of a compiled form that compare a row with the points of training."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from .errors import ScoringError
from .form import require
from .form_parts import PART_OPERATIONS, Matrix, Part, Scalar

# How two numbers are apart, and what is done with it: added up, or the most of it kept.
# The first is squared, which orders points as the distance does.
METRICS: dict[str, tuple[Any, Any]] = {
    "euclidean": (np.square, np.add),
    "manhattan": (np.abs, np.add),
    "chebyshev": (np.abs, np.maximum),
}
UNIFORM, BY_DISTANCE = "uniform", "distance"
# Of all points together: 100,000 of 20 numbers took 3 ms a row.
MOST_NUMBERS = 2_000_000
MOST_POINTS = 400_000
# So many distances are computed at once.
DISTANCES_PER_STEP = 500_000
# What a number of a point takes, and what finding those that count takes for each.
NUMBER_OPERATIONS, POINT_OPERATIONS = 3, 30
# Distances that differ by less, of the numbers that they are computed of, are equal:
# scikit-learn computes some of them by matrices, which rounds in other places.
ROUNDING = 1e-12
# How near a point is, of the numbers that distances are computed of, where rounding
# shows in the inverse of its distance.
NEARNESS = 1e-8


class Neighbours(Scalar):
    """The share of the second class among the points that are near.

    Attributes
    ----------
    of : Matrix
    points : ndarray of float64, shape (of.width * n_points,)
        The first number of every point, then the second, and so on.
    labels : ndarray of uint8, shape (n_points,)
        Which class a point is of, 0 or 1.
    metric : {"euclidean", "manhattan", "chebyshev"}
    weights : {"uniform", "distance"}
        Whether a point counts by the inverse of its distance.
    """

    FIELDS: ClassVar[dict[str, str]] = {
        "of": "matrix",
        "points": "f",
        "labels": "b",
        "metric": "text",
        "weights": "text",
    }
    of: Matrix
    points: np.ndarray
    labels: np.ndarray
    metric: str
    weights: str

    def check(self) -> None:
        """Refuse points that are not those of the numbers."""
        require(self.metric in METRICS, "A distance is none.")
        require(self.weights in (UNIFORM, BY_DISTANCE), "Points do not count.")
        require(
            len(self.points) <= MOST_NUMBERS and len(self.labels) <= MOST_POINTS,
            f"It has more than {MOST_POINTS} points, or {MOST_NUMBERS} numbers.",
        )
        require(
            len(self.labels) > 0
            and len(self.points) == self.of.width * len(self.labels)
            and np.isfinite(self.points).all()
            and (self.labels <= 1).all(),
            "The points are not those of the numbers.",
        )
        self.columns = self.points.reshape(self.of.width, -1)

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        numbers = NUMBER_OPERATIONS * len(self.points)
        points = POINT_OPERATIONS * len(self.labels)
        return PART_OPERATIONS + self.of.operations() + numbers + points

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return self.of.numbers_held() + 6 * len(self.labels)

    def steps(self, matrix: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield some rows of numbers, and how far every point is from each of them."""
        apart, add = METRICS[self.metric]
        step = max(1, DISTANCES_PER_STEP // len(self.labels))
        for first in range(0, len(matrix), step):
            given = self.of.values(matrix[first : first + step])
            distances = np.zeros((len(given), len(self.labels)))
            for column, numbers in zip(self.columns, given.T):
                add(distances, apart(column - numbers[:, None]), out=distances)
            yield given, distances

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the share of every row."""
        shares = [
            np.where(
                np.isnan(given).any(axis=1),
                np.nan,
                self.shares(self.near(distances), distances),
            )
            for given, distances in self.steps(matrix)
        ]
        return np.concatenate([np.zeros(0), *shares])

    def near(self, distances: np.ndarray) -> np.ndarray:
        """Return which points count for each row."""
        raise NotImplementedError

    def shares(self, near: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """Return the share of the second class among the points that count."""
        far = np.sqrt(distances) if self.metric == "euclidean" else distances
        weights = point_weights(near, far, self.weights)
        return weights @ self.labels / weights.sum(axis=1)

    def tied(self, matrix: np.ndarray) -> np.ndarray:
        """Return which rows are as far from points that count as from others."""
        apart, add = METRICS[self.metric]
        found = []
        # How far the last of the points is from zero.
        size = add.reduce(apart(self.columns)).max()
        for given, distances in self.steps(matrix):
            rounding = ROUNDING * (add.reduce(apart(given.T)) + size)
            tied = self.border(distances) <= rounding
            if self.weights == BY_DISTANCE:
                tied |= distances.min(axis=1) <= rounding
            found.append(tied)
        return np.concatenate([np.zeros(0, bool), *found])

    def border(self, distances: np.ndarray) -> np.ndarray:
        """Return how far apart points that count and others are, for each row."""
        raise NotImplementedError


class Nearest(Neighbours):
    """The share among so many points that are nearest.

    Of points that are as far, those count that come first.

    Attributes
    ----------
    count : int
    """

    FIELDS = {**Neighbours.FIELDS, "count": "whole"}
    count: int

    def check(self) -> None:
        """Refuse more points than there are."""
        super().check()
        require(1 <= self.count <= len(self.labels), "Points are too few.")

    def near(self, distances: np.ndarray) -> np.ndarray:
        """Return which points count for each row."""
        return nearest_of(distances, self.count)

    def border(self, distances: np.ndarray) -> np.ndarray:
        """Return how far apart the last point that counts and the next one are."""
        return nearest_border(distances, self.count)


class Within(Neighbours):
    """The share among the points within a radius.

    Attributes
    ----------
    radius : float
    lonely : {"refused", "first", "second"}
        What a row without any such point has: no share, or all of it in a class.
    """

    FIELDS = {**Neighbours.FIELDS, "radius": "number", "lonely": "text"}
    radius: float
    lonely: str
    LONELY: ClassVar[dict[str, float]] = {
        "refused": np.nan,
        "first": 0.0,
        "second": 1.0,
    }

    def check(self) -> None:
        """Refuse a radius or a share that is none."""
        super().check()
        require(self.radius >= 0, "A radius is none.")
        require(self.lonely in self.LONELY, "A share is none.")
        squared = self.metric == "euclidean"
        self.limit = self.radius * self.radius if squared else self.radius

    def near(self, distances: np.ndarray) -> np.ndarray:
        """Return which points count for each row."""
        return distances <= self.limit

    def shares(self, near: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """Return the share of the second class among the points that count."""
        lonely = ~near.any(axis=1)
        if (
            self.lonely == "refused"
            and np.isfinite(distances[lonely]).all(axis=1).any()
        ):
            raise no_neighbour(self.radius)
        shares = super().shares(near, distances)
        return np.where(lonely, self.LONELY[self.lonely], shares)

    def border(self, distances: np.ndarray) -> np.ndarray:
        """Return how far a point is from the border, at least."""
        return np.abs(distances - self.limit).min(axis=1)


class Donors(Matrix):
    """Another part's numbers, those that are missing averaged over the nearest points.

    Distances are those of the numbers that a row and a point both have, scaled up to
    all of them.

    Attributes
    ----------
    of : Matrix
    points : ndarray of float64, shape (of.width * n_points,)
        The first number of every point, then the second, and so on; NaN where missing.
    means : ndarray of float64, shape (of.width,)
        What stands for a missing number where no point can be compared.
    weights : {"uniform", "distance"}
    count : int
        How many points are averaged, of those that have the number.
    """

    FIELDS = {
        "of": "matrix",
        "points": "f",
        "means": "f",
        "weights": "text",
        "count": "whole",
    }
    of: Matrix
    points: np.ndarray
    means: np.ndarray
    weights: str
    count: int

    def check(self) -> None:
        """Refuse points that are not those of the numbers."""
        require(self.weights in (UNIFORM, BY_DISTANCE), "Points do not count.")
        require(
            0 < len(self.points) <= MOST_NUMBERS
            and len(self.points) % self.of.width == 0
            and not np.isinf(self.points).any()
            and len(self.means) == self.of.width
            and np.isfinite(self.means).all()
            and self.count > 0,
            "The points are not those of the numbers.",
        )
        self.columns = self.points.reshape(self.of.width, -1)
        require(self.columns.shape[1] <= MOST_POINTS, "It has too many points.")
        self.has = ~np.isnan(self.columns)

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return self.of.width

    def operations(self) -> int:
        """Return about how many numbers are computed with for a row."""
        each = 3 * NUMBER_OPERATIONS + POINT_OPERATIONS
        return PART_OPERATIONS + self.of.operations() + each * len(self.points)

    def numbers_held(self) -> int:
        """Return about how many numbers a row takes while it is computed."""
        return 4 * self.width + self.of.numbers_held() + 8 * self.columns.shape[1]

    def steps(
        self, given: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Go through the rows that miss a number, some at a time.

        Yields
        ------
        rows : ndarray of int
        distances : ndarray of float64, shape (n_rows, n_points)
            Squared.
        apart : ndarray of bool, shape (n_rows, n_points)
            Where a row and a point have no number in common, and so no distance.
        """
        some = np.flatnonzero(np.isnan(given).any(axis=1))
        count = self.columns.shape[1]
        step = max(1, DISTANCES_PER_STEP // count)
        for first in range(0, len(some), step):
            rows = some[first : first + step]
            total = np.zeros((len(rows), count))
            shared = np.zeros((len(rows), count))
            for column, has, numbers in zip(self.columns, self.has, given[rows].T):
                both = has & ~np.isnan(numbers)[:, None]
                total += np.where(both, np.square(column - numbers[:, None]), 0.0)
                shared += both
            distances = total / np.maximum(shared, 1.0) * self.width
            yield rows, distances, shared == 0

    def wanted(
        self, given: np.ndarray, distances: np.ndarray, apart: np.ndarray
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """Go through the numbers that rows miss.

        Yields
        ------
        place : int
        rows : ndarray of int
        far : ndarray of float64, shape (n_rows, n_points)
            How far the points that have the number are; without a distance, infinitely.
        numbers : ndarray of float64, shape (n_points,)
        """
        for place in np.flatnonzero(np.isnan(given).any(axis=0)).tolist():
            have = np.flatnonzero(self.has[place])
            if len(have):
                rows = np.flatnonzero(np.isnan(given[:, place]))
                chosen = np.where(apart, np.inf, distances)[np.ix_(rows, have)]
                yield place, rows, chosen, self.columns[place, have]

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of every row."""
        given = self.of.values(matrix)
        found = np.where(np.isnan(given), self.means, given)
        for some, distances, apart in self.steps(given):
            for place, rows, far, numbers in self.wanted(given[some], distances, apart):
                found[some[rows], place] = self.averages(far, numbers, place)
        return found

    def averages(self, far: np.ndarray, numbers: np.ndarray, place: int) -> np.ndarray:
        """Return what the nearest of some points have of a number."""
        near = nearest_of(far, min(self.count, far.shape[1])) & np.isfinite(far)
        weights = point_weights(near, np.sqrt(far), self.weights)
        total = weights.sum(axis=1)
        averages = weights @ numbers / np.where(total > 0, total, 1.0)
        return np.where(total > 0, averages, self.means[place])

    def tied(self, matrix: np.ndarray) -> np.ndarray:
        """Return which rows are as far from points that count as from others."""
        found = super().tied(matrix)
        given = self.of.values(matrix)
        known = np.where(self.has, self.columns, 0.0)
        size = np.square(known).sum(axis=0).max()
        for some, distances, apart in self.steps(given):
            sizes = np.nansum(np.square(given[some]), axis=1) + size
            rounding = self.width * ROUNDING * sizes
            for _, rows, far, _ in self.wanted(given[some], distances, apart):
                tied = nearest_border(far, self.count) <= rounding[rows]
                if self.weights == BY_DISTANCE:
                    # So near, the inverse of what is rounded differs too much.
                    tied |= far.min(axis=1) <= NEARNESS * sizes[rows]
                found[some[rows]] |= tied
        return found


def nearest_of(distances: np.ndarray, count: int) -> np.ndarray:
    """Return the so many nearest points of each row; of equal ones those first."""
    last = np.partition(distances, count - 1)[:, count - 1, None]
    near = distances <= last
    many = np.flatnonzero(near.sum(axis=1) > count)
    if len(many):
        chosen = distances[many]
        equal = chosen == last[many]
        room = count - (chosen < last[many]).sum(axis=1, keepdims=True)
        near[many] &= ~equal | (np.cumsum(equal, axis=1) <= room)
    return near


def nearest_border(distances: np.ndarray, count: int) -> np.ndarray:
    """Return how far apart the last point that counts and the next one are."""
    if count >= distances.shape[1]:
        return np.full(len(distances), np.inf)
    both = np.partition(distances, (count - 1, count))
    # Both may be infinitely far.
    return np.nan_to_num(both[:, count] - both[:, count - 1], nan=np.inf)


def point_weights(near: np.ndarray, far: np.ndarray, weights: str) -> np.ndarray:
    """Return how much each of the points that count does, by row."""
    if weights == UNIFORM:
        return near.astype(float)
    inverse = np.where(near, 1.0 / far, 0.0)
    # Points in the very place count alone.
    same = np.isinf(inverse)
    return np.where(same.any(axis=1, keepdims=True), same, inverse)


def no_neighbour(radius: float) -> ScoringError:
    """Return the error for a row that is far from all of the training."""
    return ScoringError(
        "row has no neighbours that the model knows",
        detail=f"None of its training lies within {radius:g} of the row.",
        hint="Correct the row, or train with outlier_label='most_frequent'.",
    )


NEIGHBOUR_KINDS: dict[str, type[Part]] = {
    kind.__name__: kind for kind in (Nearest, Within, Donors)
}
