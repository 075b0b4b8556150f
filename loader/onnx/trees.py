"""The trees of an ONNX file: TreeEnsembleClassifier and TreeEnsembleRegressor.

What ONNX's documents leave open, such as one class of two that has all the leaves, is
read as ONNX Runtime does it. See tree_ensemble_aggregator.h in its sources.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pgchurn.loader.boosters.forest import (
    LARGEST_CATEGORY,
    MOST_NODES,
    MOST_TREES,
    RawTree,
)
from pgchurn.loader.onnx.cells import Cell, Share, Table, TreeSum
from pgchurn.loader.onnx.graph import Attributes, Node
from pgchurn.loader.onnx.tensors import DOUBLE, FLOAT
from pgchurn.loader.onnx.translation import MULTI_CLASS, TWO, Translator
from pgchurn.plpython.runtime.boosters import LEAF

MODES = (
    *("LEAF", "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"),
    *("BRANCH_EQ", "BRANCH_NEQ"),
)
LEAF_MODE, LEQ, LT, GTE, GT, EQ, NEQ = range(len(MODES))
NUMBER_OF_MODE = {name: number for number, name in enumerate(MODES)}
ID_BITS = 32
LARGEST_ID = (1 << 31) - 1


@dataclass(frozen=True)
class Weights:
    """What leaves give to classes or targets.

    Attributes
    ----------
    node : ndarray of int64, shape (n_weights,)
        Places of nodes.
    target : ndarray of int64, shape (n_weights,)
    weight : ndarray of float64, shape (n_weights,)
    """

    node: np.ndarray
    target: np.ndarray
    weight: np.ndarray

    def of(self, target: int, count: int) -> np.ndarray:
        """Return what each node gives to one of them."""
        chosen = self.target == target
        return np.bincount(self.node[chosen], self.weight[chosen], count)


class Ensemble:
    """The nodes of all trees, checked.

    Parameters
    ----------
    given : Attributes
    width : int
        How many features there are.
    single : bool
        Whether features are compared in single precision.
    prefix : {"class", "target"}
        How the attributes begin that give weights to leaves.
    """

    def __init__(
        self, given: Attributes, width: int, single: bool, prefix: str
    ) -> None:
        self.given, self.single = given, single
        trees = given.wholes("nodes_treeids")
        self.count = len(trees)
        if not 0 < self.count <= MOST_NODES:
            raise given.refuse(
                f"has {self.count:,} nodes, and 1 to {MOST_NODES:,} are read"
            )
        starts = np.flatnonzero(np.diff(trees, prepend=trees[0] - 1))
        if len(starts) > MOST_TREES:
            raise given.refuse(f"has more than {MOST_TREES:,} trees")
        self.starts = starts
        ids, first = np.unique(trees[starts], return_index=True)
        if len(ids) < len(starts):
            raise given.refuse("has a tree whose nodes do not stand together")
        self.tree_ids, self.tree_places = ids, first
        number = np.repeat(np.arange(len(starts)), np.diff([*starts, self.count]))
        self.keys = number << ID_BITS | self.wholes("nodes_nodeids", LARGEST_ID)
        self.order = np.argsort(self.keys, kind="stable")
        self.sorted = self.keys[self.order]
        if (np.diff(self.sorted) == 0).any():
            raise given.refuse("has two nodes of the same number")
        self.modes = self.read_modes()
        self.leaf = self.modes == LEAF_MODE
        self.feature = np.where(self.leaf, 0, self.wholes("nodes_featureids", None))
        if self.feature.min() < 0 or self.feature.max() >= width:
            raise given.refuse(f"compares a feature that is none of the {width:,}")
        self.value = self.doubles("nodes_values")
        if np.isnan(self.value[~self.leaf]).any():
            raise given.refuse("compares with a number that is none")
        self.true = self.children("nodes_truenodeids", number)
        self.false = self.children("nodes_falsenodeids", number)
        self.missing_true = np.zeros(self.count, bool)
        if given.has("nodes_missing_value_tracks_true"):
            self.missing_true = (
                self.wholes("nodes_missing_value_tracks_true", None) == 1
            )
        self.weights = self.read_weights(prefix)

    def wholes(self, name: str, highest: int | None) -> np.ndarray:
        """Return whole numbers, one a node."""
        found = self.given.wholes(name)
        if len(found) != self.count:
            raise self.given.refuse(
                f"has {len(found):,} {name} for {self.count:,} nodes"
            )
        if highest is not None and not 0 <= found.min() <= found.max() <= highest:
            raise self.given.refuse(f"has a number in {name} that is below 0 or large")
        return found

    def doubles(self, name: str, count: int | None = None) -> np.ndarray:
        """Return numbers, which may be of double precision in a tensor."""
        tensor = self.given.tensor(f"{name}_as_tensor")
        found = self.given.numbers(name) if tensor is None else tensor.ravel()
        wanted = self.count if count is None else count
        if found.dtype.kind != "f" or len(found) != wanted:
            raise self.given.refuse(
                f"has {len(found):,} {name}, in place of {wanted:,}"
            )
        return found.astype(np.float64)

    def read_modes(self) -> np.ndarray:
        """Return how each node compares."""
        given = self.given.texts("nodes_modes")
        if len(given) != self.count:
            raise self.given.refuse(
                f"has {len(given):,} nodes_modes for {self.count:,} nodes"
            )
        try:
            found = [NUMBER_OF_MODE[name] for name in given]
        except KeyError as error:
            raise self.given.refuse(f"has nodes of the mode {error}") from None
        return np.array(found, np.int8)

    def children(self, name: str, number: np.ndarray) -> np.ndarray:
        """Return the places of children, those of leaves being of no meaning."""
        ids = np.where(self.leaf, 0, self.wholes(name, None))
        if ids.min() < 0 or ids.max() > LARGEST_ID:
            raise self.given.refuse(f"has a number in {name} that is no node")
        return np.where(
            self.leaf, LEAF, self.places(number << ID_BITS | ids, ~self.leaf)
        )

    def places(self, keys: np.ndarray, needed: np.ndarray) -> np.ndarray:
        """Return the places of nodes by tree and number."""
        near = np.minimum(np.searchsorted(self.sorted, keys), self.count - 1)
        if ((self.sorted[near] != keys) & needed).any():
            raise self.given.refuse("names a node that is not there")
        return self.order[near]

    def read_weights(self, prefix: str) -> Weights:
        """Return what leaves give to classes or targets."""
        given = self.given
        ids = given.wholes(f"{prefix}_ids")
        trees = given.wholes(f"{prefix}_treeids")
        nodes = given.wholes(f"{prefix}_nodeids")
        weight = self.doubles(f"{prefix}_weights", len(ids))
        if not len(trees) == len(nodes) == len(ids) > 0:
            raise given.refuse(f"has {prefix}_ids that are not as many as their nodes")
        if not np.isfinite(weight).all():
            raise given.refuse("has a leaf that is not finite")
        near = np.minimum(np.searchsorted(self.tree_ids, trees), len(self.tree_ids) - 1)
        if (self.tree_ids[near] != trees).any() or nodes.min() < 0:
            raise given.refuse("gives a weight to a node that is not there")
        if nodes.max() > LARGEST_ID:
            raise given.refuse("gives a weight to a node that is not there")
        keys = self.tree_places[near] << ID_BITS | nodes
        places = self.places(keys, np.ones(len(keys), bool))
        if not self.leaf[places].all():
            raise given.refuse("gives a weight to a node that is no leaf")
        return Weights(places, ids, weight)

    def trees(self, values: np.ndarray) -> tuple[RawTree, ...]:
        """Return the trees, each leaf with its value."""
        # Whatever is equal or below goes to the left.
        turned = np.isin(self.modes, (GTE, GT, NEQ))
        left = np.where(turned, self.false, self.true)
        right = np.where(turned, self.true, self.false)
        strict = np.isin(self.modes, (LT, GTE))
        missing_left = np.where(turned, ~self.missing_true, self.missing_true)
        # NaN differs from everything.
        missing_left &= self.modes != NEQ
        threshold = np.where(strict, self.below(), self.value)
        is_set = np.isin(self.modes, (EQ, NEQ))
        sets = self.categories(is_set)
        self.take_together(sets, left, right, missing_left)
        found = []
        for first, last in zip(self.starts.tolist(), [*self.starts[1:], self.count]):
            here = slice(first, last)
            leaf = self.leaf[here]
            found.append(
                RawTree(
                    left=np.where(leaf, LEAF, left[here] - first),
                    right=np.where(leaf, LEAF, right[here] - first),
                    feature=self.feature[here],
                    threshold=threshold[here],
                    missing_left=missing_left[here],
                    value=values[here],
                    # No operator has a place for it.
                    cover=np.full(last - first, np.nan),
                    sets={
                        place: sets[place + first]
                        for place in np.flatnonzero(is_set[here]).tolist()
                        if place + first in sets
                    },
                )
            )
        return tuple(found)

    def take_together(
        self,
        sets: dict[int, frozenset[int]],
        left: np.ndarray,
        right: np.ndarray,
        missing_left: np.ndarray,
    ) -> None:
        """Make one node of those that look for one number after the other.

        Where they lead to the same node, as onnxmltools writes the categories of
        LightGBM, a tree is none otherwise.
        """
        inner = ~self.leaf
        children = np.concatenate([left[inner], right[inner]])
        parents = np.bincount(children, minlength=self.count)
        # What something else leads to as well stays a node of its own.
        parents[self.starts] = 0
        places = np.array(sorted(sets), np.int64)
        following = right[places]
        taken = np.isin(following, places) & (parents[following] == 1)
        for array in (left, self.feature, missing_left):
            taken &= array[following] == array[places]
        next_of = dict(zip(places[taken].tolist(), following[taken].tolist()))
        for place in sorted(next_of.keys() - set(next_of.values())):
            members = set(sets[place])
            last = place
            while (one := next_of.get(last)) is not None:
                members |= sets.pop(one)
                last = one
            sets[place] = frozenset(members)
            right[place] = right[last]

    def below(self) -> np.ndarray:
        """Return the greatest numbers below those that are compared with."""
        kind = np.float32 if self.single else np.float64
        if np.isneginf(self.value[np.isin(self.modes, (LT, GTE))]).any():
            raise self.given.refuse("compares with minus infinity")
        with np.errstate(all="ignore"):
            return np.nextafter(self.value.astype(kind), kind(-np.inf)).astype(float)

    def categories(self, is_set: np.ndarray) -> dict[int, frozenset[int]]:
        """Return the one number that some nodes look for, as a set."""
        numbers = self.value[is_set]
        whole = (numbers == np.floor(numbers)) & (numbers >= 0)
        if not (whole & (numbers <= LARGEST_CATEGORY)).all():
            raise self.given.refuse(
                "looks for a number that is no category: categories are whole numbers "
                f"from 0 to {LARGEST_CATEGORY:,}"
            )
        places = np.flatnonzero(is_set).tolist()
        return {place: frozenset([int(one)]) for place, one in zip(places, numbers)}


def ensemble_of(translator: Translator, node: Node, prefix: str) -> tuple[Any, Table]:
    """Return the trees of a node, and the table that they read."""
    table = translator.table(node.given)
    single = table.element != DOUBLE
    return Ensemble(node.attributes, len(table.cells), single, prefix), table


def base_values(given: Attributes) -> list[float]:
    """Return what sums begin with."""
    tensor = given.tensor("base_values_as_tensor")
    found = given.numbers("base_values") if tensor is None else tensor.ravel()
    if not np.isfinite(found).all():
        raise given.refuse("has a base value that is not finite")
    return [float(one) for one in found]


def tree_classifier(translator: Translator, node: Node) -> list[Table | None]:
    """Translate a TreeEnsembleClassifier."""
    given = node.attributes
    labels = (
        given.texts("classlabels_strings")
        or given.wholes("classlabels_int64s").tolist()
    )
    if len(labels) != TWO:
        raise node.refuse(
            f"has {len(labels):,} classes, {MULTI_CLASS}", "Train a binary classifier."
        )
    translator.labels.append(labels)
    ensemble, table = ensemble_of(translator, node, "class")
    cells = of_classes(ensemble, table, given.text("post_transform", "NONE"))
    return [None, Table(cells, FLOAT)]


def of_classes(ensemble: Ensemble, table: Table, transform: str) -> list[Cell]:
    """Return what trees say of two classes."""
    given, weights = ensemble.given, ensemble.weights
    base = base_values(given)
    if transform not in ("NONE", "LOGISTIC", "SOFTMAX"):
        raise given.refuse(f"has the post_transform {transform}, which is not covered")
    targets = np.unique(weights.target).tolist()
    if targets == [0] and len(base) < TWO:
        # ONNX Runtime takes the leaves of one class of two as those of the second.
        total = sum_of(ensemble, table, weights.of(0, ensemble.count))
        total = total.moved(sum(base))
        if transform == "LOGISTIC":
            return both(Share(total))
        if (weights.weight < 0).any():
            raise given.refuse(
                "gives scores that are no probabilities: its post_transform is "
                f"{transform}, and some of its leaves are below 0",
                "Export a classifier with predict_proba, without raw_scores.",
            )
        return both(Share(total, is_logistic=False))
    if base:
        raise given.refuse(
            f"has {len(base):,} base values and leaves of the classes {targets[:5]}, "
            "which ONNX Runtime adds up in another way than was meant",
            "Train CatBoost with boost_from_average=False, or bring its own JSON.",
        )
    if targets != [0, 1]:
        raise given.refuse(f"gives weights to the classes {targets[:5]} of two")
    values = [weights.of(target, ensemble.count) for target in targets]
    for target in targets:
        given_to = np.zeros(ensemble.count, bool)
        given_to[weights.node[weights.target == target]] = True
        if not given_to[ensemble.leaf].all():
            raise given.refuse("has leaves that give a weight to one class only")
    if transform == "NONE":
        check_votes(ensemble, values)
        share = Share(sum_of(ensemble, table, values[1]), is_logistic=False)
        return both(share)
    if transform == "LOGISTIC":
        if not np.array_equal(values[0], -values[1]):
            raise given.refuse("gives two probabilities that do not add up to 1")
        return both(Share(sum_of(ensemble, table, values[1])))
    # A softmax of two is the logistic function of their difference.
    return both(Share(sum_of(ensemble, table, values[1] - values[0])))


def both(share: Share) -> list[Cell]:
    """Return the probabilities of both classes."""
    return [share.complement(), share]


def check_votes(ensemble: Ensemble, values: list[np.ndarray]) -> None:
    """Refuse votes that do not add up to 1."""
    totals = (values[0] + values[1])[ensemble.leaf]
    trees = np.add.reduceat(ensemble.leaf, ensemble.starts)
    first = np.cumsum(trees) - trees
    least, most = (f.reduceat(totals, first) for f in (np.minimum, np.maximum))
    if (most - least).max() > 1e-5 or abs(most.sum() - 1.0) > 1e-3:
        raise ensemble.given.refuse(
            "gives scores that are no probabilities: they do not add up to 1"
        )


def sum_of(ensemble: Ensemble, table: Table, values: np.ndarray) -> TreeSum:
    """Return the sum of leaves."""
    return TreeSum(table.columns(), ensemble.trees(values), ensemble.single)


def tree_regressor(translator: Translator, node: Node) -> list[Table | None]:
    """Translate a TreeEnsembleRegressor of one target."""
    given = node.attributes
    if given.whole("n_targets", 1) != 1:
        raise node.refuse("has several targets, and a churn score is one number")
    transform = given.text("post_transform", "NONE")
    if transform != "NONE":
        raise node.refuse(
            f"has the post_transform {transform}, which ONNX Runtime leaves out",
            "Put a Sigmoid behind it.",
        )
    way = given.text("aggregate_function", "SUM")
    if way not in ("SUM", "AVERAGE"):
        raise node.refuse(f"has the aggregate_function {way}, which is not covered")
    ensemble, table = ensemble_of(translator, node, "target")
    weights = ensemble.weights
    if weights.target.any():
        raise node.refuse("gives a weight to a target that is not there")
    base = base_values(given)
    if len(base) > 1:
        raise node.refuse(f"has {len(base):,} base values for one target")
    total = sum_of(ensemble, table, weights.of(0, ensemble.count))
    if way == "AVERAGE":
        total = total.scaled(1.0 / len(ensemble.starts))
    total = total.moved(sum(base))
    return [Table([total], FLOAT)]
