"""Collecting the trees of a file in the form that the server reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pgchurn.loader.boosters.parts import Part, refused
from pgchurn.plpython.runtime.boosters import LEAF, NUMBER, BoostedTrees
from pgchurn.plpython.runtime.estimator_checks import DEEPEST_TREE

# Reading so many takes half a second.
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
        self.given: list[RawTree] = []
        self.paths: list[str] = []
        self.nodes = 0
        # Which set a node looks for, of all nodes together.
        self.looks_for: dict[int, int] = {}
        self.sets: dict[frozenset[int], int] = {}
        self.members = 0

    def add(self, tree: RawTree, path: str) -> None:
        """Add a tree; whether its nodes form one is seen when all are there."""
        if len(tree.left) == 0:
            raise refused(path, "has no nodes")
        first = self.nodes
        self.nodes += len(tree.left)
        if self.nodes > MOST_NODES:
            raise refused(
                path, f"is one of trees with more than {MOST_NODES:,} nodes together"
            )
        for node, members in tree.sets.items():
            self.looks_for[first + node] = self.number_of(members, path)
        self.given.append(tree)
        self.paths.append(path)

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
        """Return the trees as a classifier: see the attributes of `BoostedTrees`.

        Raises
        ------
        LoaderError
            When the nodes of one form no tree.
        """
        made = BoostedTrees()
        made.classes_ = np.array(classes)
        made.n_features_in_ = self.features
        # All of them at once: a tree has few nodes, and a file thousands of trees.
        sizes = np.array([len(tree.left) for tree in self.given], np.int64)
        roots = np.cumsum(sizes) - sizes
        left, right = self.joined("left"), self.joined("right")
        order = in_order(left, right, roots, sizes, self.paths)
        number = np.zeros(len(left), np.int64)
        number[order] = np.arange(len(order))
        root = np.repeat(roots, sizes)[order]
        leaf = left[order] == LEAF
        sets = np.full(len(left), NUMBER)
        sets[[*self.looks_for]] = [*self.looks_for.values()]
        made.roots_ = number[roots].astype(np.int32)
        arrays = {
            "left": np.where(leaf, LEAF, number[root + left[order]]),
            "right": np.where(leaf, LEAF, number[root + right[order]]),
            "feature": np.where(leaf, 0, self.joined("feature")[order]),
            "threshold": np.where(leaf, 0.0, self.joined("threshold")[order]),
            "set": np.where(leaf, NUMBER, sets[order]),
            "missing_left": self.joined("missing_left")[order] & ~leaf,
            "value": np.where(leaf, self.joined("value")[order], 0.0),
            "cover": np.where(leaf, self.joined("cover")[order], 0.0),
        }
        kinds = {"threshold": np.float64, "value": np.float64, "missing_left": np.bool_}
        kinds["cover"] = np.float64
        for name, values in arrays.items():
            setattr(made, f"{name}_", values.astype(kinds.get(name, np.int32)))
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

    def joined(self, name: str) -> np.ndarray:
        """Return an array of all trees, one after the other, as they were given."""
        parts = [getattr(tree, name) for tree in self.given]
        # Nothing of the narrowest type, in case that there are none.
        return np.concatenate([np.zeros(0, bool), *parts])


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


def in_order(
    left: np.ndarray,
    right: np.ndarray,
    roots: np.ndarray,
    sizes: np.ndarray,
    paths: Sequence[str],
) -> np.ndarray:
    """Return the nodes tree by tree, from the root on, each before its children.

    What the root does not lead to is left out.

    Parameters
    ----------
    left, right : ndarray of int64, shape (n_nodes,)
        Of the trees one after the other; a child is numbered within its tree.
    roots, sizes : ndarray of int64, shape (n_trees,)
        Where each tree begins, and how many nodes it has.
    paths : sequence of str
        What the trees are called.
    """
    tree_of = np.repeat(np.arange(len(sizes)), sizes)
    alone = (left == LEAF) != (right == LEAF)
    if alone.any():
        raise refused(paths[tree_of[alone][0]], "has a node with one child")
    level = roots
    found = [level]
    reached = np.ones(len(sizes), np.int64)
    while len(inner := level[left[level] != LEAF]):
        children = np.concatenate([left[inner], right[inner]])
        trees = np.tile(tree_of[inner], 2)
        outside = (children <= 0) | (children >= sizes[trees])
        if outside.any():
            raise refused(
                paths[trees[outside][0]],
                f"has a child {children[outside][0]}, which is no node",
            )
        reached += np.bincount(trees, minlength=len(sizes))
        if (reached > sizes).any():
            tree = int(np.argmax(reached > sizes))
            raise refused(paths[tree], "has a node that is reached twice")
        if len(found) > DEEPEST_TREE:
            raise refused(
                paths[trees[0]],
                f"is deeper than {DEEPEST_TREE}",
                f"Train it with max_depth={DEEPEST_TREE} or less.",
            )
        level = roots[trees] + children
        found.append(level)
    order = np.concatenate(found)
    times = np.bincount(order, minlength=1)
    if times.max() > 1:
        twice = int(np.argmax(times > 1))
        raise refused(paths[tree_of[twice]], "has a node that is reached twice")
    return order[np.argsort(tree_of[order], kind="stable")]
