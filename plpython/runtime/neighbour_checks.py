"""What has to hold of nearest neighbours in a pickle before they may score anything.

Their trees are made anew of the points while the pickle is read; see ``pickle_trees``.
"""

from typing import Any

import numpy as np

from .estimator_checks import check, is_count, not_fit, within
from .form_neighbours import BY_DISTANCE, METRICS, MOST_NUMBERS, MOST_POINTS, UNIFORM
from .pickle_trees import BALL_TREE, KD_TREE, distance_of
from .pickle_values import class_name

# By scikit-learn's name, some of which stand for the same.
NAMES = {
    **{name: name for name in METRICS},
    "l1": "manhattan",
    "cityblock": "manhattan",
    "l2": "euclidean",
    "infinity": "chebyshev",
}
POWERS = {1: "manhattan", 2: "euclidean", float("inf"): "chebyshev"}
TREES = {"kd_tree": KD_TREE, "ball_tree": BALL_TREE, "brute": "builtins.NoneType"}


def metric_of(part: Any) -> str | None:
    """Return the metric that an estimator was told, None for one that is not known."""
    if type(part.metric) is not str:
        return None
    if part.metric == "minkowski":
        return POWERS.get(part.p) if type(part.p) in (int, float) else None
    return NAMES.get(part.metric)


def points_of(part: Any, kinds: str) -> np.ndarray:
    """Return the points of a part, numbers of these kinds, one for each feature."""
    points = part._fit_X
    check(type(points) is np.ndarray and points.ndim == 2, part, "_fit_X")
    check(points.dtype.kind in kinds and len(points) > 0, part, "_fit_X")
    check(points.shape[1] == part.n_features_in_, part, "n_features_in_")
    return points


def check_neighbours(part: Any) -> None:
    """Refuse points, classes and a tree that do not fit one another."""
    held = vars(part)
    if "_fit_X" not in held:
        return
    points, labels = points_of(part, "fiu"), part._y
    check(points.flags.c_contiguous and np.isfinite(points).all(), part, "_fit_X")
    if points.size > MOST_NUMBERS or len(points) > MOST_POINTS:
        raise not_fit(
            f"A {type(part).__name__} compares every row with the {len(points)} of its "
            f"training, {points.size} numbers; {MOST_POINTS} rows and {MOST_NUMBERS} "
            "numbers are allowed.",
            message="model has too many neighbours",
            hint="Train it on fewer rows or columns, or train another kind of model.",
        )
    check(type(part.n_samples_fit_) is int, part, "n_samples_fit_")
    check(part.n_samples_fit_ == len(points), part, "n_samples_fit_")
    check(type(labels) is np.ndarray and labels.dtype == np.int64, part, "_y")
    check(labels.shape == (len(points),), part, "_y")
    check(type(part.classes_) is np.ndarray and part.classes_.ndim == 1, part, "_y")
    check(within(labels, len(part.classes_)), part, "_y")
    check(part.outputs_2d_ is False, part, "outputs_2d_")
    check_search(part)
    check_metric(part)


def check_search(part: Any) -> None:
    """Refuse a tree of other points, and more neighbours than there are."""
    method = part._fit_method
    check(type(method) is str and method in TREES, part, "_fit_method")
    check(class_name(part._tree) == TREES[method], part, "_tree")
    if part._tree is not None:
        check(np.array_equal(part._tree.data, part._fit_X), part, "_tree")
    check(part.weights in (UNIFORM, BY_DISTANCE), part, "weights")
    check(type(part.weights) is str, part, "weights")
    count, radius = part.n_neighbors, part.radius
    if count is None:
        check(isinstance(radius, (int, float)) and radius >= 0, part, "radius")
        check(np.isfinite(radius), part, "radius")
    else:
        check(is_count(count, len(part._fit_X)), part, "n_neighbors")


def check_metric(part: Any) -> None:
    """Refuse another metric than the one that is known, or one for each part."""
    told = metric_of(part)
    if told is None:
        raise not_fit(
            f"A {type(part).__name__} has a metric that is not permitted.",
            message="model has a metric that is not permitted",
            hint="Train it with metric='minkowski' and p 1 or 2.",
        )
    check(part.metric_params is None, part, "metric_params")
    check(part.effective_metric_params_ == {}, part, "effective_metric_params_")
    effective = part.effective_metric_
    check(type(effective) is str and NAMES.get(effective) == told, part, "metric")
    if part._tree is not None:
        check(distance_of(part._tree) == told, part, "_tree")


def check_donors(part: Any) -> None:
    """Refuse points of an imputer that do not fit one another, or are too many."""
    held = vars(part)
    if "_fit_X" not in held:
        return
    check(type(part.metric) is str, part, "metric")
    check(part.metric == "nan_euclidean", part, "metric")
    check(type(part.weights) is str, part, "weights")
    check(part.weights in (UNIFORM, BY_DISTANCE), part, "weights")
    check(is_count(part.n_neighbors, MOST_POINTS), part, "n_neighbors")
    points, gaps, valid = points_of(part, "f"), part._mask_fit_X, part._valid_mask
    if points.size > MOST_NUMBERS or len(points) > MOST_POINTS:
        raise not_fit(
            f"A {type(part).__name__} keeps the {len(points)} rows of its training, "
            f"{points.size} numbers; {MOST_POINTS} rows and {MOST_NUMBERS} numbers are "
            "allowed.",
            message="model has too many neighbours",
            hint="Train it on fewer rows or columns, or use a SimpleImputer.",
        )
    check(not np.isinf(points).any(), part, "_fit_X")
    check(type(gaps) is np.ndarray and gaps.dtype == bool, part, "_mask_fit_X")
    check(gaps.shape == points.shape, part, "_mask_fit_X")
    check((gaps | ~np.isnan(points)).all(), part, "_mask_fit_X")
    check(type(valid) is np.ndarray and valid.dtype == bool, part, "_valid_mask")
    check(np.array_equal(valid, ~gaps.all(axis=0)), part, "_valid_mask")
