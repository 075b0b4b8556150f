CREATE OR REPLACE FUNCTION churn_runtime.booster_checks() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What has to hold of boosted trees before they may score anything.

``boosters`` follows their numbers without looking, so that each is looked at here.
"""

from typing import Any

import numpy as np

from .estimator_checks import DEEPEST_TREE, LEAF, check, is_count, not_fit, within
from .pickle_values import MOST_FEATURES, require

BOOSTED_TREES = "pgchurn.plpython.runtime.boosters.BoostedTrees"
# In place of a set's number: a node that compares a number.
NUMBER = -1
TWO_CLASSES = 2
# Of the arrays with a value for each node.
NODES = {
    "left_": np.int32,
    "right_": np.int32,
    "feature_": np.int32,
    "threshold_": np.float64,
    "set_": np.int32,
    "missing_left_": np.bool_,
    "value_": np.float64,
    "cover_": np.float64,
}
# Of the others, whose lengths differ.
OTHERS = {
    "roots_": np.int32,
    "members_": np.int32,
    "ends_": np.int32,
    "missing_within_": np.float64,
    "refuses_missing_": np.bool_,
}
FLAGS = ("single_inputs_", "single_sum_", "shares_", "exact_sets_")
NUMBERS = ("start_", "scale_")
NAMES = "feature_names_in_"
STATE = {"classes_", "n_features_in_", *NODES, *OTHERS, *FLAGS, *NUMBERS}


def set_boosted_trees(target: Any, state: Any) -> None:
    """Set the attributes of boosted trees: those that there are, and no others."""
    require(type(state) is dict and state.keys() - {NAMES} == STATE, BOOSTED_TREES)
    vars(target).update(state)


def check_boosted_trees(part: Any) -> None:
    """Refuse trees whose numbers do not fit one another."""
    held = vars(part)
    check(held.keys() - {NAMES} == STATE, part, "state")
    check(is_count(part.n_features_in_, MOST_FEATURES), part, "n_features_in_")
    for name, kind in {**NODES, **OTHERS}.items():
        array = held[name]
        check(type(array) is np.ndarray and array.ndim == 1, part, name)
        check(array.dtype == kind, part, name)
    for name in FLAGS:
        check(type(held[name]) is bool, part, name)
    for name in NUMBERS:
        check(type(held[name]) is float and np.isfinite(held[name]), part, name)
    check_names(part)
    check_links(part)
    check_comparisons(part)
    check_sets(part)


def check_names(part: Any) -> None:
    """Refuse other than two classes, and names that are not those of the features."""
    classes = part.classes_
    check(type(classes) is np.ndarray, part, "classes_")
    check(classes.shape == (TWO_CLASSES,), part, "classes_")
    check(classes[0] != classes[1], part, "classes_")
    names = vars(part).get(NAMES)
    if names is not None:
        check(type(names) is np.ndarray, part, NAMES)
        check(names.shape == (part.n_features_in_,), part, NAMES)
        check(all(type(name) is str for name in names.tolist()), part, NAMES)


def check_links(part: Any) -> None:
    """Refuse children that are no nodes of their tree or come before their parent.

    Trees follow one another, and each begins with its root.
    """
    count = len(part.left_)
    check(all(len(vars(part)[name]) == count for name in NODES), part, "nodes")
    leaf = part.left_ == LEAF
    check(((part.right_ == LEAF) == leaf).all(), part, "right_")
    inner = np.flatnonzero(~leaf)
    parents = np.concatenate([inner, inner])
    children = np.concatenate([part.left_[inner], part.right_[inner]]).astype(np.int64)
    roots = part.roots_.astype(np.int64)
    reached = np.concatenate([children, roots])
    check(len(reached) == count and within(reached, count), part, "children")
    check((np.bincount(reached, minlength=count) == 1).all(), part, "children")
    check((children > parents).all(), part, "children")
    check((np.diff(roots) > 0).all() and not roots[:1].any(), part, "roots_")
    trees = [np.searchsorted(roots, nodes, "right") for nodes in (children, parents)]
    check((trees[0] == trees[1]).all(), part, "children")
    level = roots
    for _ in range(DEEPEST_TREE + 1):
        level = level[~leaf[level]]
        if len(level) == 0:
            return
        level = np.concatenate([part.left_[level], part.right_[level]])
    raise not_fit(
        f"A tree is deeper than {DEEPEST_TREE}.",
        hint=f"Train it with max_depth={DEEPEST_TREE} or less.",
    )


def check_comparisons(part: Any) -> None:
    """Refuse comparisons of no feature, and what is not a number."""
    inner = part.left_ != LEAF
    check(within(part.feature_[inner], part.n_features_in_), part, "feature_")
    # Whoever computes goes through leaves as well.
    check(within(part.feature_[~inner], 1), part, "feature_")
    check(not np.isnan(part.threshold_).any(), part, "threshold_")
    check(np.isfinite(part.value_).all(), part, "value_")
    check(not (np.isinf(part.cover_) | (part.cover_ < 0)).any(), part, "cover_")
    within_ = part.missing_within_
    check(within_.shape == (part.n_features_in_,), part, "missing_within_")
    check(not (np.isinf(within_) | (within_ < 0)).any(), part, "missing_within_")
    refuses = part.refuses_missing_
    check(refuses.shape == (part.n_features_in_,), part, "refuses_missing_")


def check_sets(part: Any) -> None:
    """Refuse sets that do not end, or are not in order, and nodes that have none."""
    ends = part.ends_.astype(np.int64)
    sizes = np.diff(ends, prepend=0)
    check((sizes > 0).all(), part, "ends_")
    check(len(part.members_) == (ends[-1] if len(ends) else 0), part, "members_")
    check((part.members_ >= 0).all(), part, "members_")
    rises = np.diff(part.members_.astype(np.int64)) > 0
    # From the end of one set to the next one it may fall.
    rises[ends[:-1] - 1] = True
    check(rises.all(), part, "members_")
    inner = part.left_ != LEAF
    named = part.set_[inner]
    check(((named >= NUMBER) & (named < len(ends))).all(), part, "set_")
    check((part.set_[~inner] == NUMBER).all(), part, "set_")
$python$;
COMMENT ON FUNCTION churn_runtime.booster_checks IS 'What has to hold of boosted trees before they may score anything.';
