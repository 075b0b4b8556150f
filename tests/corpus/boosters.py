"""Boosted trees with states that lead whoever computes them outside or nowhere."""

import copy
import pickle

import numpy as np

from tests.legitimate import fitted

FAMILY = "boosted trees of xgboost-dart.ubj"
WITH_SETS = "boosted trees of xgboost.json"


def changed(name, value, at=None, family=FAMILY):
    """Return the pickle of boosted trees with an attribute, or a number of it, changed.

    Parameters
    ----------
    name : str
    value : object
    at : int, optional
        Which number of the attribute is to be the value; by default it is all of it.
    family : str
    """
    model = copy.deepcopy(fitted(family))
    trees = model.steps[-1][1] if hasattr(model, "steps") else model
    if at is not None:
        array = getattr(trees, name).copy()
        array[at] = value
        value = array
    vars(trees)[name] = value
    return pickle.dumps(model, 4)


def without(name):
    """Return the pickle of boosted trees that lack an attribute."""
    model = copy.deepcopy(fitted(FAMILY))
    del vars(model)[name]
    return pickle.dumps(model, 4)


def leaves_only(count):
    """Return the pickle of so many trees of one leaf that share it."""
    return changed("roots_", np.zeros(count, np.int32))


def unordered():
    """Return the pickle of trees with a set that does not rise."""
    model = copy.deepcopy(fitted(FAMILY))
    model.members_ = np.array([5, 3], np.int32)
    model.ends_ = np.array([2], np.int32)
    return pickle.dumps(model, 4)


def deep():
    """Return the pickle of a tree of 1,000 levels."""
    model = copy.deepcopy(fitted(FAMILY))
    levels = 1_000
    count = 2 * levels + 1
    inner = np.arange(count) % 2 == 0
    inner[-1] = False
    following = np.arange(count, dtype=np.int32)
    model.left_ = np.where(inner, following + 1, -1).astype(np.int32)
    model.right_ = np.where(inner, following + 2, -1).astype(np.int32)
    model.roots_ = np.zeros(1, np.int32)
    model.feature_ = np.zeros(count, np.int32)
    model.set_ = np.full(count, -1, np.int32)
    model.missing_left_ = np.zeros(count, bool)
    model.threshold_ = model.value_ = model.cover_ = np.zeros(count)
    return pickle.dumps(model, 4)


BOOSTERS = {
    "boosted child 2e9": lambda: changed("left_", 2_000_000_000, 0),
    "boosted child 0": lambda: changed("left_", 0, 0),
    "boosted child -2": lambda: changed("right_", -2, 0),
    "boosted child of another tree": lambda: changed("right_", -1, 0),
    "boosted feature 2e9": lambda: changed("feature_", 2_000_000_000, 0),
    "boosted feature -1": lambda: changed("feature_", -1, 0),
    "boosted threshold NaN": lambda: changed("threshold_", np.nan, 0),
    "boosted leaf NaN": lambda: changed("value_", np.nan, -1),
    "boosted leaf infinite": lambda: changed("value_", np.inf, -1),
    "boosted leaf of fewer than no rows": lambda: changed("cover_", -1.0, -1),
    "boosted leaf of infinitely many rows": lambda: changed("cover_", np.inf, -1),
    "boosted roots far away": lambda: changed("roots_", 2_000_000_000, 1),
    "a million boosted trees of one leaf": lambda: leaves_only(1_000_000),
    "boosted trees of 1,000 levels": deep,
    "boosted set 2e9": lambda: changed("set_", 2_000_000_000, 0),
    "boosted set without sets": lambda: changed("set_", 0, 0),
    "boosted members out of order": unordered,
    "boosted members below 0": lambda: changed("members_", -1, 0, WITH_SETS),
    "boosted sets that do not end": lambda: changed("ends_", 10**6, -1, WITH_SETS),
    "boosted sets that go back": lambda: changed("ends_", -5, 0, WITH_SETS),
    "boosted arrays of another type": lambda: changed("left_", np.zeros(3)),
    "boosted arrays of objects": lambda: changed("value_", np.array([None] * 9)),
    "boosted arrays of two dimensions": lambda: changed(
        "left_", np.zeros((9, 9), "i4")
    ),
    "boosted trees without leaves": lambda: without("value_"),
    "boosted trees with a method overlaid": lambda: changed("predict_proba", 1),
    "boosted trees of another number of features": lambda: changed("n_features_in_", 2),
    "boosted trees of 1e9 features": lambda: changed("n_features_in_", 10**9),
    "boosted trees of three classes": lambda: changed("classes_", np.arange(3)),
    "boosted trees that start at NaN": lambda: changed("start_", float("nan")),
    "boosted trees of an infinite scale": lambda: changed("scale_", float("inf")),
    "boosted trees with names that are numbers": lambda: changed(
        "feature_names_in_", np.array([1, 2, 3, 4], dtype=object)
    ),
    "boosted gaps of other features": lambda: changed("missing_within_", np.zeros(99)),
    "boosted gaps of infinite width": lambda: changed("missing_within_", np.inf, 0),
}
