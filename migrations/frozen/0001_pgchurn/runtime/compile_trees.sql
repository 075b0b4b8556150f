CREATE OR REPLACE FUNCTION churn_runtime.compile_trees() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Trees that read raw features: preprocessing is folded into their comparisons.

A tree compares the raw value with the greatest double that scikit-learn's own
arithmetic sends to the left, so that every row goes the way it goes there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .compile_columns import Column, Lookup, NotCompilable, Number
from .form_tree_checks import (
    EQUAL,
    LEAF,
    LESS_OR_EQUAL,
    MEMBER,
    MISSING_IS_TRUE,
    WHOLE_MEMBER,
)
from .form_trees import Trees

GREATEST = np.finfo(np.float64).max


@dataclass(frozen=True)
class Leaf:
    """The end of a path, with what it adds to the sum."""

    value: float


@dataclass(frozen=True)
class Node:
    """A comparison of one input with a constant.

    Attributes
    ----------
    position : int
        Column of the input matrix.
    mode : {LESS_OR_EQUAL, EQUAL, MEMBER, WHOLE_MEMBER}
    constant : float
    members : frozenset of float
        What the last two look for.
    missing : bool
        Whether NaN goes the way of a true comparison.
    true, false : Node or Leaf
    """

    position: int
    mode: int
    constant: float
    missing: bool
    true: "Tree"
    false: "Tree"
    members: frozenset[float] = frozenset()


Tree = Leaf | Node


def flatten(trees: Sequence[Tree]) -> Trees:
    """Return trees as arrays of nodes."""
    nodes: list[Tree] = []
    true: list[int] = []
    false: list[int] = []
    roots: list[int] = []
    sets: dict[frozenset[float], int] = {}

    def place(node: Tree) -> int:
        nodes.append(node)
        true.append(0)
        false.append(0)
        return len(nodes) - 1

    for tree in trees:
        roots.append(place(tree))
        waiting = [roots[-1]]
        while waiting:
            number = waiting.pop()
            node = nodes[number]
            if isinstance(node, Node):
                true[number], false[number] = place(node.true), place(node.false)
                waiting += [true[number], false[number]]

    def mode(node: Tree) -> int:
        if isinstance(node, Leaf):
            return LEAF
        return node.mode + MISSING_IS_TRUE * node.missing

    def constant(node: Tree) -> float:
        if isinstance(node, Leaf):
            return node.value
        if node.mode >= MEMBER:
            return sets.setdefault(node.members, len(sets))
        return node.constant

    constants = [constant(node) for node in nodes]
    members = [sorted(one) for one in sets]
    return Trees(
        roots=np.array(roots, np.int32),
        positions=np.array(
            [0 if isinstance(node, Leaf) else node.position for node in nodes],
            np.int32,
        ),
        modes=np.array([mode(node) for node in nodes], np.uint8),
        constants=np.array(constants, np.float64),
        true=np.array(true, np.int32),
        false=np.array(false, np.int32),
        members=np.array([one for each in members for one in each], np.float64),
        ends=np.cumsum([len(each) for each in members], dtype=np.int32),
    )


@dataclass(frozen=True)
class FittedTree:
    """A tree as scikit-learn keeps it, brought to common arrays of one value a node.

    Attributes
    ----------
    left, right : ndarray of int, shape (n_nodes,)
        Children; -1 at a leaf.
    feature : ndarray of int, shape (n_nodes,)
    threshold : ndarray of float64, shape (n_nodes,)
        What is less or equal goes to the left.
    missing_left : ndarray of bool, shape (n_nodes,)
    value : ndarray of float64, shape (n_nodes,)
        What a leaf adds to the sum.
    single_precision : bool
        Whether scikit-learn casts features to float32 before it compares.
    categories : dict of int to Categories
        Of the nodes that look for a category.
    cover : ndarray of float64, shape (n_nodes,), optional
        How many rows of training came to each node, by their weights; None: nobody
        knows.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    single_precision: bool
    categories: "dict[int, Categories]" = field(default_factory=dict)
    cover: np.ndarray | None = None


@dataclass(frozen=True)
class Categories:
    """The categories that a node sends to the left.

    Attributes
    ----------
    left : frozenset of int
    known : frozenset of int, optional
        What is not known goes the way of a missing value, as in histogram gradient
        boosting; by default only what is missing does.
    exact : bool
        Whether a fraction is no category, in place of the one below it.
    """

    left: frozenset[int]
    known: frozenset[int] | None = None
    exact: bool = False

    def of(self, value: float) -> float:
        """Return the category that a number is, if it is any."""
        return value if self.exact else float(np.floor(value))


def build_tree(fitted: FittedTree, columns: Sequence[Column]) -> Tree:
    """Return a fitted tree as nodes that read raw features."""
    raw = raw_thresholds(fitted, columns)
    built: dict[int, Tree] = {}
    # Children come after their parents in scikit-learn's arrays.
    for i in reversed(range(len(fitted.left))):
        if fitted.left[i] < 0:
            built[i] = Leaf(float(fitted.value[i]))
            continue
        left, right = built[fitted.left[i]], built[fitted.right[i]]
        column = columns[fitted.feature[i]]
        decide = decision(fitted, i)
        if i in fitted.categories:
            column = looked_up(column, fitted.categories[i])
        if isinstance(column, Number):
            missing = decide(float(column.apply(np.float64("nan"))))
            built[i] = Node(
                column.position, LESS_OR_EQUAL, raw[i], missing, left, right
            )
        elif isinstance(column, Lookup):
            built[i] = category_node(column, decide, left, right)
        else:
            raise NotCompilable("a text that is not encoded")
    return built[0]


def decision(fitted: FittedTree, i: int) -> Callable[[float], bool]:
    """Return what decides, as scikit-learn does, whether a value goes to the left."""
    missing_left = bool(fitted.missing_left[i])
    categories = fitted.categories.get(i)
    if categories is not None:

        def is_left(value: float) -> bool:
            if value != value or not is_known(categories, value):
                return missing_left
            return categories.of(value) in categories.left

        return is_left
    threshold = fitted.threshold[i]

    def is_below(value: float) -> bool:
        if np.isnan(value):
            return missing_left
        given = np.float32(value) if fitted.single_precision else value
        return bool(given <= threshold)

    return is_below


def is_known(categories: Categories, value: float) -> bool:
    """Return whether a value is a category that is told from a missing one."""
    return categories.known is None or categories.of(value) in categories.known


def looked_up(column: Column, categories: Categories) -> Column:
    """Return a number that is a category as a lookup of the known ones."""
    if not isinstance(column, Number):
        return column
    fills = [constant for name, constant in column.steps if name == "fill"]
    if len(fills) != len(column.steps):
        raise NotCompilable("categories that were computed")
    told_apart = categories.left if categories.known is None else categories.known
    known = {float(category): float(category) for category in told_apart}
    missing = fills[0] if fills else float("nan")
    return Lookup(column.position, known, -1.0, missing, whole=not categories.exact)


def category_node(
    column: Lookup, decide: Callable[[float], bool], left: Tree, right: Tree
) -> Tree:
    """Return the comparison of a code, or the one side that every code takes."""
    default, missing = decide(column.default), decide(column.missing)
    others = frozenset(
        key for key, value in column.values.items() if decide(value) != default
    )
    same, other = (left, right) if default else (right, left)
    missing_other = missing != default
    if not others:
        if not missing_other:
            return same
        return Node(column.position, EQUAL, float("inf"), True, other, same)
    if column.whole:
        return Node(
            column.position, WHOLE_MEMBER, 0.0, missing_other, other, same, others
        )
    if len(others) == 1:
        (key,) = others
        return Node(column.position, EQUAL, key, missing_other, other, same)
    lowest = min(others)
    if column.codes and len(others) == column.codes - lowest:
        # All codes from one number on; unknown texts have the code -1, below them.
        return Node(
            *(column.position, LESS_OR_EQUAL, lowest - 0.5, not missing_other),
            *(same, other),
        )
    return Node(column.position, MEMBER, 0.0, missing_other, other, same, others)


def raw_thresholds(fitted: FittedTree, columns: Sequence[Column]) -> np.ndarray:
    """Return, for each comparison of a number, the greatest raw value that goes left.

    What preprocessing computes rises with the raw value, so the doubles are searched
    by halving, with scikit-learn's own arithmetic deciding. Nothing is left to
    rounding: every double is sent the same way.
    """
    raw = np.zeros(len(fitted.left))
    for feature in np.unique(fitted.feature[fitted.left >= 0]):
        column = columns[feature]
        if not isinstance(column, Number):
            continue
        if not column.rises():
            raise NotCompilable("a tree over numbers times a negative weight")
        here = (fitted.feature == feature) & (fitted.left >= 0)
        thresholds, inverse = np.unique(fitted.threshold[here], return_inverse=True)
        raw[here] = greatest_left(column, thresholds, fitted.single_precision)[inverse]
    return raw


def greatest_left(
    column: Number, thresholds: np.ndarray, single_precision: bool
) -> np.ndarray:
    """Return the greatest double x for which ``column.apply(x) <= threshold``."""

    def left(keys: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            values = column.apply(from_order(keys))
            if single_precision:
                values = values.astype(np.float32)
        return values <= thresholds

    low = np.full(len(thresholds), to_order(-GREATEST))
    high = np.full(len(thresholds), to_order(GREATEST))
    always, never = left(high), ~left(low)
    for _ in range(64):
        # Halved without overflow; rounded up, so that low moves at the end.
        middle = (low >> 1) + (high >> 1) + (low & high & 1) + ((low ^ high) & 1)
        is_left = left(middle)
        low = np.where(is_left, middle, low)
        high = np.where(is_left, high, middle - 1)
    result = from_order(low)
    result[always] = np.inf
    result[never] = -np.inf
    return result


def to_order(value: npt.ArrayLike) -> Any:
    """Return an integer that orders doubles as they order themselves."""
    bits = np.asarray(value, np.float64).view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def from_order(keys: np.ndarray) -> np.ndarray:
    """Return the doubles of such integers."""
    return np.where(keys < 0, np.int64(-(2**63)) - keys, keys).view(np.float64)
$python$;
COMMENT ON FUNCTION churn_runtime.compile_trees IS 'Trees that read raw features: preprocessing is folded into their comparisons.';
