"""Trees of points, as nearest neighbours keep them, and their distances.

Their compiled code follows the positions that a pickle brings without checking. They
are made anew of the points, by the way in which fitting made them.
"""

from typing import Any

import numpy as np

from .pickle_values import Token, class_name, is_index, require

KD_TREE = "sklearn.neighbors._kd_tree.KDTree"
BALL_TREE = "sklearn.neighbors._ball_tree.BallTree"
DISTANCES = {
    f"sklearn.metrics._dist_metrics.{name.title()}Distance64": name
    for name in ("chebyshev", "euclidean", "manhattan")
}
# Of the state of a tree, and where in it these stand.
STATE_LENGTH = 13
POINTS, LEAF_SIZE, DISTANCE, SAMPLE_WEIGHT = 0, 4, 11, 12
LARGEST_LEAF = 1_000_000


def make_distance(token: Token, kind: Any = None, *more: Any) -> Any:
    """Make a distance that has no settings."""
    from sklearn.metrics import DistanceMetric

    require(type(kind) is Token and str(kind) in DISTANCES and not more, token)
    return DistanceMetric.get_metric(DISTANCES[str(kind)])


def set_distance(distance: Any, state: Any) -> None:
    """Check the state of a distance, of which there is only one."""
    name = class_name(distance)
    expected = distance.__getstate__()
    require(type(state) is tuple and len(state) == len(expected), name)
    require(type(state[0]) is float and state[0] == expected[0], name)
    for given, known in zip(state[1:], expected[1:]):
        require(type(given) is np.ndarray and given.dtype == known.dtype, name)
        require(np.array_equal(given, known), name)


def make_point_tree(token: Token, kind: Any = None, *more: Any) -> Any:
    """Make a tree without points."""
    require(type(kind) is Token and str(kind) in (KD_TREE, BALL_TREE), token)
    require(kind.module == token.module and not more, token)
    made = kind.resolve()
    return made.__new__(made)


def set_point_tree(tree: Any, state: Any) -> None:
    """Give a tree its points, and make the rest anew."""
    name = class_name(tree)
    require(type(state) is tuple and len(state) == STATE_LENGTH, name)
    points, leaf_size, distance = state[POINTS], state[LEAF_SIZE], state[DISTANCE]
    require(type(points) is np.ndarray and points.dtype == np.float64, name)
    require(points.ndim == 2 and points.size > 0 and points.flags.c_contiguous, name)
    require(np.isfinite(points).all() and state[SAMPLE_WEIGHT] is None, name)
    require(is_index(leaf_size, LARGEST_LEAF) and leaf_size > 0, name)
    require(class_name(distance) in DISTANCES, name)
    made = type(tree)(points, leaf_size=leaf_size, metric=distance)
    tree.__setstate__(made.__getstate__())


def distance_of(tree: Any) -> str:
    """Return the name of a tree's distance."""
    return DISTANCES[class_name(tree.__getstate__()[DISTANCE])]
