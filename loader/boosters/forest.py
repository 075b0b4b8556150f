"""Collecting the trees of a file in the form that the server reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pgchurn.loader.boosters.parts import Part, refused
from pgchurn.plpython.runtime.boosters import LEAF, NUMBER, BoostedTrees
from pgchurn.plpython.runtime.estimator_checks import DEEPEST_TREE

# Reading so many takes a second.
MOST_TREES = 4_000
# Of all trees together: see ``form.MOST_BYTES``.
MOST_NODES = 2_500_000
MOST_FEATURES = 1_600
# Of all sets together: see ``form_trees.MOST_MEMBERS``.
MOST_MEMBERS = 1_000_000
LARGEST_CATEGORY = 1 << 24


@dataclass(frozen=True)
class RawTree:
    """A tree with the nodes in any order, the root first.

    Attributes
    ----------
    left, right : ndarray of int64, shape (n_nodes,)
        -1 at a leaf.
    feature : ndarray of int64, shape (n_nodes,)
    threshold : ndarray of float64, shape (n_nodes,)
    missing_left : ndarray of bool, shape (n_nodes,)
    value : ndarray of float64, shape (n_nodes,)
    cover : ndarray of float64, shape (n_nodes,)
        How many rows of training came to a leaf; NaN: the file does not tell.
    sets : dict of int to frozenset of int
        What goes to the left, of nodes that look for a category.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    cover: np.ndarray
    sets: dict[int, frozenset[int]] = field(default_factory=dict)


class Forest:
    """Collects trees.

    Parameters
    ----------
    features : int
        How many there are.
    """

    def __init__(self, features: int) -> None:
        self.features = features
        self.roots: list[int] = []
        self.arrays: dict[str, list[np.ndarray]] = {
            name: [] for name in ("left", "right", "feature", "threshold")
        }
        self.arrays |= {name: [] for name in ("set", "missing_left", "value", "cover")}
        self.nodes = 0
        self.sets: dict[frozenset[int], int] = {}
        self.members = 0

    def add(self, tree: RawTree, path: str) -> None:
        """Add a tree; refuse nodes that form none."""
        order = in_order(tree.left, tree.right, path)
        count = len(order)
        self.nodes += count
        if self.nodes > MOST_NODES:
            raise refused(
                path, f"is one of trees with more than {MOST_NODES:,} nodes together"
            )
        number = np.zeros(len(tree.left), np.int64)
        number[order] = np.arange(count) + self.nodes - count
        leaf = tree.left[order] == LEAF
        sets = np.full(len(tree.left), NUMBER)
        for node, members in tree.sets.items():
            sets[node] = self.number_of(members, path)
        self.roots.append(self.nodes - count)
        new = {
            "left": np.where(leaf, LEAF, number[tree.left[order]]),
            "right": np.where(leaf, LEAF, number[tree.right[order]]),
            "feature": np.where(leaf, 0, tree.feature[order]),
            "threshold": np.where(leaf, 0.0, tree.threshold[order]),
            "set": np.where(leaf, NUMBER, sets[order]),
            "missing_left": tree.missing_left[order] & ~leaf,
            "value": np.where(leaf, tree.value[order], 0.0),
            "cover": np.where(leaf, tree.cover[order], 0.0),
        }
        for name, values in new.items():
            self.arrays[name].append(values)

    def number_of(self, members: frozenset[int], path: str) -> int:
        """Return the number of a set, giving it one when it is new."""
        if members not in self.sets:
            self.members += len(members)
            if self.members > MOST_MEMBERS:
                raise refused(
                    path,
                    f"is one of trees that look for more than {MOST_MEMBERS:,} "
                    "categories together",
                )
            self.sets[members] = len(self.sets)
        return self.sets[members]

    def trees(
        self,
        *,
        start: float = 0.0,
        scale: float = 1.0,
        single_inputs: bool,
        single_sum: bool = False,
        missing_within: np.ndarray | None = None,
        refuses_missing: Sequence[int] = (),
        classes: Sequence[object] = (0, 1),
        shares: bool = False,
        exact_sets: bool = False,
    ) -> BoostedTrees:
        """Return the trees as a classifier: see the attributes of `BoostedTrees`."""
        made = BoostedTrees()
        made.classes_ = np.array(classes)
        made.n_features_in_ = self.features
        made.roots_ = np.array(self.roots, np.int32)
        kinds = {"threshold": np.float64, "value": np.float64, "missing_left": np.bool_}
        kinds["cover"] = np.float64
        for name, parts in self.arrays.items():
            kind = kinds.get(name, np.int32)
            together = np.concatenate([np.zeros(0, kind), *parts])
            setattr(made, f"{name}_", together.astype(kind))
        ordered = [sorted(one) for one in self.sets]
        made.members_ = np.array([one for each in ordered for one in each], np.int32)
        made.ends_ = np.cumsum([len(each) for each in ordered], dtype=np.int32)
        if missing_within is None:
            missing_within = np.full(self.features, np.nan)
        made.missing_within_ = missing_within
        made.refuses_missing_ = np.isin(np.arange(self.features), refuses_missing)
        made.single_inputs_, made.single_sum_ = single_inputs, single_sum
        made.shares_, made.exact_sets_ = shares, exact_sets
        made.start_, made.scale_ = float(start), float(scale)
        return made


def covers(part: Part, name: str, count: int) -> np.ndarray:
    """Return how many rows of training came to some nodes, NaN where nothing tells.

    Whether a file has that decides whether scores can be explained, and no more.

    Parameters
    ----------
    part : Part
        A tree.
    name : str
        Of the member that tells it.
    count : int
        How many nodes there are.
    """
    if not part.has(name):
        return np.full(count, np.nan)
    found = part.member(name).doubles(count)
    if (found < 0).any():
        raise part.member(name).refuse(f"has {found.min():g}, which is below 0")
    return found


def in_order(left: np.ndarray, right: np.ndarray, path: str) -> np.ndarray:
    """Return the nodes of a tree from the root on, each before its children.

    What the root does not lead to is left out.
    """
    count = len(left)
    if count == 0:
        raise refused(path, "has no nodes")
    if ((left == LEAF) != (right == LEAF)).any():
        raise refused(path, "has a node with one child")
    level = np.zeros(1, np.int64)
    found = [level]
    reached = 1
    while len(inner := level[left[level] != LEAF]):
        level = np.concatenate([left[inner], right[inner]])
        outside = (level <= 0) | (level >= count)
        if outside.any():
            raise refused(path, f"has a child {level[outside][0]}, which is no node")
        reached += len(level)
        if reached > count:
            raise refused(path, "has a node that is reached twice")
        if len(found) > DEEPEST_TREE:
            raise refused(
                path,
                f"is deeper than {DEEPEST_TREE}",
                f"Train it with max_depth={DEEPEST_TREE} or less.",
            )
        found.append(level)
    order = np.concatenate(found)
    if np.bincount(order).max() > 1:
        raise refused(path, "has a node that is reached twice")
    return order
