"""Tree ensembles as one TreeEnsemble node that reads raw features.

See "TreeEnsemble" in the ONNX ML operators, version 5: interior nodes and leaves are
kept apart, and each interior node says where a missing value goes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import numpy_helper
from pgchurn.loader.compiling.columns import Column, Lookup, Number
from pgchurn.loader.compiling.errors import NotCompilable
from pgchurn.loader.compiling.graph import INPUT, Graph
from pgchurn.plpython.runtime.row_program import DEEPEST, MOST_NODES

LESS_OR_EQUAL = 0
EQUAL = 4
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
    mode : {LESS_OR_EQUAL, EQUAL}
    constant : float
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


Tree = Leaf | Node


class Sum:
    """A constant, weighted numbers and trees, all added up.

    Parameters
    ----------
    width : int
        Number of columns of the input matrix.
    constant : float, default=0
    """

    def __init__(self, width: int, constant: float = 0.0) -> None:
        self.width = width
        self.constant = constant
        self.weights: dict[int, float] = {}
        self.fills: dict[int, float] = {}
        self.trees: list[Tree] = []

    def add_number(self, position: int, weight: float, fill: float) -> None:
        """Add a weighted number; ``fill``, unless NaN, stands for its NaN."""
        before = self.fills.setdefault(position, fill)
        if not np.array_equal(before, fill, equal_nan=True):
            raise NotCompilable("a number that is imputed in two ways")
        self.weights[position] = self.weights.get(position, 0.0) + weight

    def add_tree(self, tree: Tree) -> None:
        """Add a tree, or the one value of a tree without comparisons."""
        if isinstance(tree, Leaf):
            self.constant += tree.value
        else:
            self.trees.append(tree)

    def tensor(self, graph: Graph) -> str:
        """Add the sum to a graph; return its tensor, of shape (n_rows, 1)."""
        terms = []
        if not self.weights and not self.trees:
            # A constant alone would be one row, however many there are.
            leaf = Leaf(0.0)
            self.trees.append(Node(0, LESS_OR_EQUAL, np.inf, True, leaf, leaf))
        if self.weights:
            terms.append(self.linear_tensor(graph))
        if self.trees:
            attributes = flatten(self.trees, self.constant)
            terms.append(
                graph.add(
                    "TreeEnsemble",
                    INPUT,
                    domain="ai.onnx.ml",
                    n_targets=1,
                    aggregate_function=1,
                    post_transform=0,
                    **attributes,
                )
            )
        else:
            terms.append(graph.constant([[self.constant]]))
        return terms[0] if len(terms) == 1 else graph.add("Add", *terms)

    def linear_tensor(self, graph: Graph) -> str:
        """Add the weighted numbers to a graph as one matrix product."""
        values = INPUT
        if not np.isnan(list(self.fills.values())).all():
            # Positions without a fill have the weight 0 or are never missing.
            row = [self.fills.get(position, 0.0) for position in range(self.width)]
            missing = graph.add("IsNaN", values)
            values = graph.add("Where", missing, graph.constant(row), values)
        weights = [[self.weights.get(position, 0.0)] for position in range(self.width)]
        return graph.add("MatMul", values, graph.constant(weights))

    def row_program(self, link: str) -> dict[str, Any] | None:
        """Return the sum as the runtime writes it out for single rows, or None.

        Parameters
        ----------
        link : {"sigmoid", "share"}
            How the sum becomes a probability.
        """
        sizes = [size_and_depth(tree) for tree in self.trees]
        nodes = sum(size for size, _ in sizes)
        if nodes > MOST_NODES:
            return None
        if max((depth for _, depth in sizes), default=0) > DEEPEST:
            return None
        return {
            "width": self.width,
            "nodes": nodes,
            "constant": self.constant,
            "weights": [
                [position, weight, None if np.isnan(fill) else fill]
                for (position, weight), fill in zip(
                    self.weights.items(), self.fills.values()
                )
            ],
            "trees": [nested(tree) for tree in self.trees],
            "link": link,
            "complement": False,
        }


def size_and_depth(tree: Tree) -> tuple[int, int]:
    """Return how many comparisons a tree has, and how many follow each other."""
    size, deepest = 0, 0
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(node, Node):
            size += 1
            waiting += [(node.true, depth + 1), (node.false, depth + 1)]
    return size, deepest


def nested(tree: Tree) -> float | list[Any]:
    """Return a tree of limited depth as nested lists."""
    if isinstance(tree, Leaf):
        return tree.value
    return [
        tree.position,
        tree.mode,
        tree.constant,
        tree.missing,
        nested(tree.true),
        nested(tree.false),
    ]


def flatten(trees: Sequence[Tree], constant: float) -> dict[str, Any]:
    """Return the attributes of a TreeEnsemble node; the constant joins the first tree.

    Trees are walked with a list instead of recursion, because they may be deep.
    """
    modes, splits, leaf_weights = [], [], []
    ints: dict[str, list[int]] = {
        name: []
        for name in (
            "nodes_featureids",
            "nodes_missing_value_tracks_true",
            "nodes_truenodeids",
            "nodes_trueleafs",
            "nodes_falsenodeids",
            "nodes_falseleafs",
        )
    }
    roots = []

    def place(child: Tree, extra: float) -> tuple[int, int]:
        """Give a node or leaf its number, returned with whether it is a leaf."""
        if isinstance(child, Leaf):
            leaf_weights.append(child.value + extra)
            return len(leaf_weights) - 1, 1
        modes.append(child.mode)
        splits.append(child.constant)
        ints["nodes_featureids"].append(child.position)
        ints["nodes_missing_value_tracks_true"].append(int(child.missing))
        for name in list(ints)[2:]:
            ints[name].append(0)
        waiting.append((child, len(modes) - 1, extra))
        return len(modes) - 1, 0

    for i, tree in enumerate(trees):
        waiting: list[tuple[Node, int, float]] = []
        roots.append(place(tree, constant if i == 0 else 0.0)[0])
        while waiting:
            node, number, extra = waiting.pop()
            for side, child in (("true", node.true), ("false", node.false)):
                child_number, is_leaf = place(child, extra)
                ints[f"nodes_{side}nodeids"][number] = child_number
                ints[f"nodes_{side}leafs"][number] = is_leaf
    return {
        **ints,
        "tree_roots": roots,
        "nodes_modes": numpy_helper.from_array(np.array(modes, np.uint8)),
        "nodes_splits": numpy_helper.from_array(np.array(splits, np.float64)),
        "leaf_targetids": [0] * len(leaf_weights),
        "leaf_weights": numpy_helper.from_array(np.array(leaf_weights, np.float64)),
    }


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
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    single_precision: bool


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
        if isinstance(column, Number):
            missing = goes_left(
                column.apply(np.float64("nan")),
                fitted.threshold[i],
                fitted.missing_left[i],
                fitted.single_precision,
            )
            built[i] = Node(
                column.position, LESS_OR_EQUAL, raw[i], missing, left, right
            )
        elif isinstance(column, Lookup):
            built[i] = category_node(column, fitted, i, left, right)
        else:
            raise NotCompilable("a text that is not encoded")
    return built[0]


def goes_left(
    value: float, threshold: float, missing_left: bool, single_precision: bool
) -> bool:
    """Decide as scikit-learn does."""
    if np.isnan(value):
        return bool(missing_left)
    return bool((np.float32(value) if single_precision else value) <= threshold)


def category_node(
    column: Lookup, fitted: FittedTree, i: int, left: Tree, right: Tree
) -> Tree:
    """Return the comparison of a code, or the one side that every code takes."""

    def decide(value: float) -> bool:
        return goes_left(
            value, fitted.threshold[i], fitted.missing_left[i], fitted.single_precision
        )

    default = decide(column.default)
    missing = decide(column.missing)
    others = [key for key, value in column.values.items() if decide(value) != default]
    same, other = (left, right) if default else (right, left)
    if not others:
        if missing == default:
            return same
        others = [float("inf")]
    if len(others) == 1:
        return Node(column.position, EQUAL, others[0], missing != default, other, same)
    return threshold_node(column, others, same, other, missing != default)


def threshold_node(
    column: Lookup,
    others: Sequence[float],
    same: Tree,
    other: Tree,
    missing_other: bool,
) -> Node:
    """Return the comparison that parts codes from one number on from those below."""
    lowest = min(others)
    if any(key >= lowest and key not in others for key in column.values):
        raise NotCompilable("a tree that parts categories out of their order")
    # Unknown texts have the code -1, below all others.
    if any(key != int(key) or key < 0 for key in column.values):
        raise NotCompilable("a tree over encoded numbers")
    return Node(
        column.position, LESS_OR_EQUAL, lowest - 0.5, not missing_other, same, other
    )


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


def lookup_tree(lookups: Sequence[tuple[Lookup, float]]) -> Tree:
    """Return the tree that adds up weighted lookups of one position.

    Parameters
    ----------
    lookups : list of (Lookup, float)
        With their coefficients.
    """

    def total(value_of: Callable[[Lookup], float]) -> float:
        return float(sum(value_of(one) * coefficient for one, coefficient in lookups))

    default = total(lambda one: one.default)
    missing = total(lambda one: one.missing)
    keys = sorted({key for one, _ in lookups for key in one.values})
    tree: Tree = Leaf(default)
    reached = missing == default
    for key in keys:
        weight = total(lambda one: one.values.get(key, one.default))
        here = not reached and missing == weight
        reached |= here
        tree = Node(lookups[0][0].position, EQUAL, key, here, Leaf(weight), tree)
    if not reached:
        raise NotCompilable("a null that is no category")
    return tree
