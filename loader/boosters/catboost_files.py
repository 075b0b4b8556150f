"""Models of CatBoost, from what its `save_model` writes as JSON.

A number is cast to single precision, and goes to the right where it is above the
border. A category goes to the right where it is the one that a split names, or where
its target statistic is above the border. Symmetric trees, each level of which asks the
same, are written out as others are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pgchurn.loader.boosters.catboost_statistics import Statistic, read_statistics
from pgchurn.loader.boosters.forest import (
    MOST_FEATURES,
    MOST_MEMBERS,
    MOST_TREES,
    Forest,
    RawTree,
    covers,
)
from pgchurn.loader.boosters.model import Booster, Categories, Unknown
from pgchurn.loader.boosters.parts import Part
from pgchurn.plpython.runtime.boosters import LEAF

OBJECTIVES = ("Logloss", "CrossEntropy")
SYMMETRIC, OTHERS = "oblivious_trees", "trees"
# See max_depth in CatBoost's documentation.
DEEPEST_SYMMETRIC = 16
LARGEST_INDEX = 1 << 31
LARGEST_HASH = (1 << 32) - 1
# NaN is below every border, or above.
NAN_RIGHT = {"AsIs": False, "AsFalse": False, "AsTrue": True}
WITH_TEXTS = (
    'Save it with the texts: model.save_model("model.json", format="json", pool=pool), '
    "where pool is a catboost.Pool of the training rows."
)
# Of features that are no numbers and no categories.
OTHER_FEATURES = ("text_features", "embedding_features")


def is_catboost(model: Part) -> bool:
    """Return whether an object is a model of CatBoost."""
    return model.has("features_info")


def read_catboost(model: Part) -> Booster:
    """Return the classifier that a model of CatBoost is.

    Parameters
    ----------
    model : Part
        The whole file.

    Raises
    ------
    LoaderError
        Naming the part of the file that does not fit, or is not covered.
    """
    information = model.member("model_info")
    check_objective(information.member("params"))
    classes = classes_of(information)
    features = Features(model)
    forest = Forest(features.count)
    if model.has(SYMMETRIC):
        for tree in model.member(SYMMETRIC).items(MOST_TREES):
            forest.add(symmetric_tree(tree, features), tree.path)
    else:
        for tree in model.member(OTHERS).items(MOST_TREES):
            forest.add(any_tree(tree, features), tree.path)
    scale, bias = scale_and_bias(model.member("scale_and_bias"))
    return Booster(
        library="CatBoost",
        trees=forest.trees(
            start=bias / scale,
            scale=scale,
            single_inputs=True,
            refuses_missing=sorted(features.categorical),
            classes=classes,
        ),
        names=features.names,
        categories=features.categories(),
    )


def check_objective(parameters: Part) -> None:
    """Refuse anything but the classification of two classes."""
    loss = parameters.member("loss_function").member("type")
    if loss.text() not in OBJECTIVES:
        raise loss.refuse(
            f"is {loss.text()}, and {' and '.join(OBJECTIVES)} give probabilities of "
            "two classes",
            "Train it with loss_function='Logloss'.",
        )


def classes_of(information: Part) -> list[Any]:
    """Return the names of the two classes, 0 and 1 where there are none."""
    if not information.has("class_params"):
        return [0, 1]
    names = information.member("class_params").member("class_names")
    found = [one.value for one in names.items(MOST_FEATURES)]
    if not found:
        return [0, 1]
    kinds = set(map(type, found))
    if len(found) != 2 or len(kinds) != 1 or not kinds <= {int, float, str, bool}:
        raise names.refuse("are not two numbers or texts", "A churn score needs two.")
    if found[0] == found[1]:
        raise names.refuse("are the same")
    whole = float in kinds and all(one == int(one) for one in found)
    return [int(one) for one in found] if whole else found


def scale_and_bias(part: Part) -> tuple[float, float]:
    """Return what the leaves' sum is multiplied by, and what is added to it."""
    given = list(part.items(2))
    if len(given) != 2:
        raise part.refuse("is no scale with a bias")
    scale = given[0].number()
    biases = given[1].doubles() if type(given[1].value) is list else None
    if biases is None:
        biases = np.array([given[1].number()])
    if len(biases) != 1:
        raise part.refuse(
            f"has {len(biases)} biases: it has several classes, and a churn score "
            "needs two",
            "Train it with loss_function='Logloss'.",
        )
    if scale == 0:
        raise part.refuse("multiplies everything by 0")
    return scale, float(biases[0])


@dataclass(frozen=True)
class Comparison:
    """What a split asks.

    Attributes
    ----------
    feature : int
    border : float
        What is above goes to the right, of numbers.
    missing_right : bool
    members : frozenset of int or None
        The categories that go to another side than those that are not known.
    members_right : bool
    """

    feature: int
    border: float = 0.0
    missing_right: bool = False
    members: frozenset[int] | None = None
    members_right: bool = True


class Features:
    """The features of a model, and what is known of their categories."""

    def __init__(self, model: Part) -> None:
        information = model.member("features_info")
        for name in OTHER_FEATURES:
            if information.has(name) and information.member(name).value:
                raise information.member(name).refuse(
                    "are not read", "Train it on numbers and categories."
                )
        self.information = information
        # Where each feature stands among all of them.
        self.numeric: list[int] = []
        self.categorical: list[int] = []
        self.nan_right: list[bool] = []
        named: dict[int, str] = {}
        for name, places in (
            ("float_features", self.numeric),
            ("categorical_features", self.categorical),
        ):
            if not information.has(name):
                continue
            for i, one in enumerate(information.member(name).items(MOST_FEATURES)):
                if one.member("feature_index").whole(0, LARGEST_INDEX) != i:
                    raise one.member("feature_index").refuse(f"is not {i}")
                place = one.member("flat_feature_index")
                places.append(place.whole(0, MOST_FEATURES - 1))
                if one.has("feature_name"):
                    named[places[-1]] = one.member("feature_name").text()
                if places is self.numeric:
                    self.nan_right.append(nan_right(one))
        together = sorted([*self.numeric, *self.categorical])
        self.count = len(together)
        if not together or together != list(range(self.count)):
            raise information.refuse("does not tell of each feature once")
        self.names = (
            [named[i] for i in range(self.count)] if len(named) == self.count else None
        )
        # By hash: all texts that the training rows had, of any feature.
        self.texts = self.read_texts()
        self.numbers = {text: i for i, text in enumerate(self.texts.values())}
        self.statistics = read_statistics(model, self.first_statistic())

    def read_texts(self) -> dict[int, str]:
        """Return the texts of the categories by their hashes."""
        name = "cat_features_hash"
        if not self.information.has(name):
            return {}
        if self.information.member(name).value is None:
            # A pool without categories.
            return {}
        found: dict[int, str] = {}
        for one in self.information.member(name).items(MOST_MEMBERS):
            found[one.member("hash").whole(0, LARGEST_HASH)] = one.member(
                "value"
            ).text()
        if len(set(found.values())) < len(found):
            raise self.information.member(name).refuse("has a text twice")
        return found

    def first_statistic(self) -> int:
        """Return the number of splits that come before those of target statistics."""
        count = 0
        for name, member in (
            ("float_features", "borders"),
            ("categorical_features", "values"),
        ):
            if self.information.has(name):
                for one in self.information.member(name).items(MOST_FEATURES):
                    if one.has(member):
                        count += len(one.member(member).doubles())
        return count

    def categories(self) -> dict[int, Categories]:
        """Return the texts of the categorical features."""
        texts = list(self.texts.values()) or [""]
        return dict.fromkeys(self.categorical, Categories(texts, Unknown.OTHER))

    def comparison(self, split: Part) -> Comparison:
        """Return what a split asks."""
        kind = split.member("split_type")
        if kind.text() == "FloatFeature":
            index = split.member("float_feature_index")
            number = index.whole(0, LARGEST_INDEX)
            if number >= len(self.numeric):
                raise index.refuse(
                    f"is {number}, and there are {len(self.numeric)} numbers"
                )
            border = float(np.float32(split.member("border").number()))
            if not np.isfinite(border):
                raise split.member("border").refuse("is no number of single precision")
            return Comparison(self.numeric[number], border, self.nan_right[number])
        if kind.text() == "OneHotFeature":
            return self.one_category(split)
        if kind.text() == "OnlineCtr":
            return self.statistic(split)
        raise kind.refuse(f"is {kind.text()}, which is not read")

    def category(self, index: Part) -> int:
        """Return where a categorical feature stands among all features."""
        number = index.whole(0, LARGEST_INDEX)
        if number >= len(self.categorical):
            raise index.refuse(
                f"is {number}, and there are {len(self.categorical)} categories"
            )
        return self.categorical[number]

    def one_category(self, split: Part) -> Comparison:
        """Return what a split asks that names one category by its hash."""
        place = self.category(split.member("cat_feature_index"))
        value = split.member("value")
        # It is written with its sign.
        hashed = value.whole(-LARGEST_INDEX, LARGEST_HASH) & LARGEST_HASH
        if hashed not in self.texts:
            raise value.refuse("is the hash of a text that the file lacks", WITH_TEXTS)
        number = self.numbers[self.texts[hashed]]
        return Comparison(place, members=frozenset([number]))

    def statistic(self, split: Part) -> Comparison:
        """Return what a split asks that compares a target statistic."""
        index = split.member("split_index")
        number = index.whole(0, LARGEST_INDEX)
        found = self.statistics.get(number)
        border = split.member("border")
        if found is None:
            raise index.refuse(f"is {number}, which is no target statistic")
        statistic, known_border = found
        if np.float32(border.number()) != known_border:
            raise border.refuse(f"is not that of the split {number}")
        place = self.category(Part(statistic.feature, index.path))
        if not self.texts:
            raise split.refuse(
                "compares categories whose texts the file lacks", WITH_TEXTS
            )
        return Comparison(place, **self.above(statistic, known_border))

    def above(self, statistic: Statistic, border: np.float32) -> dict[str, Any]:
        """Return the categories that go to another side than those not known."""
        unknown = bool(statistic.unknown > border)
        apart = frozenset(
            self.numbers[text]
            for hashed, text in self.texts.items()
            if bool(statistic.of(hashed) > border) != unknown
        )
        return {"members": apart, "members_right": not unknown}


def nan_right(feature: Part) -> bool:
    """Return whether NaN is above every border of a feature."""
    treatment = feature.member("nan_value_treatment")
    if treatment.text() not in NAN_RIGHT:
        raise treatment.refuse(f"is {treatment.text()}, which is not known")
    return NAN_RIGHT[treatment.text()]


def tree_of(
    asked: Sequence[Comparison],
    which: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    value: np.ndarray,
    cover: np.ndarray,
) -> RawTree:
    """Return a tree; ``which`` says for each node what it asks, -1 for a leaf."""
    inner = which >= 0
    feature = np.array([one.feature for one in asked] + [0])[which]
    threshold = np.array([one.border for one in asked] + [0.0])[which]
    missing_right = np.array([one.missing_right for one in asked] + [True])[which]
    sets: dict[int, frozenset[int]] = {}
    for number, one in enumerate(asked):
        if one.members is None:
            continue
        nodes = np.flatnonzero(which == number)
        missing_right[nodes] = True
        if one.members:
            sets |= dict.fromkeys(nodes.tolist(), one.members)
        else:
            threshold[nodes] = -np.inf
        if one.members_right:
            # Members go to the left.
            left[nodes], right[nodes] = right[nodes], left[nodes]
    return RawTree(
        *(left, right, feature, threshold, inner & ~missing_right),
        *(value, cover, sets),
    )


def symmetric_tree(tree: Part, features: Features) -> RawTree:
    """Return a tree each level of which asks the same.

    The last split stands at the root, since it is the highest bit of a leaf's number;
    below a node i are the nodes 2i + 1 and 2i + 2.
    """
    splits = tree.member("splits")
    given = [] if splits.value is None else list(splits.items(DEEPEST_SYMMETRIC))
    asked = [features.comparison(one) for one in reversed(given)]
    leaves = 1 << len(asked)
    values = tree.member("leaf_values").doubles(leaves)
    inner = np.arange(leaves - 1)
    none = np.full(leaves, LEAF)
    depths = np.arange(len(asked))
    return tree_of(
        asked,
        np.concatenate([np.repeat(depths, 1 << depths), none]),
        np.concatenate([2 * inner + 1, none]),
        np.concatenate([2 * inner + 2, none]),
        np.concatenate([np.zeros(leaves - 1), values]),
        np.concatenate([np.zeros(leaves - 1), covers(tree, "leaf_weights", leaves)]),
    )


def any_tree(tree: Part, features: Features) -> RawTree:
    """Return a tree whose nodes stand within each other."""
    asked: list[Comparison] = []
    which: list[int] = []
    values: list[float] = []
    weights: list[float] = []
    left: list[int] = []
    right: list[int] = []
    waiting: list[tuple[Part, list[int], int]] = [(tree, [], 0)]
    while waiting:
        part, side, parent = waiting.pop()
        here = len(which)
        left.append(LEAF)
        right.append(LEAF)
        if side:
            side[parent] = here
        if part.has("split"):
            which.append(len(asked))
            asked.append(features.comparison(part.member("split")))
            values.append(0.0)
            weights.append(0.0)
            waiting.append((part.member("left"), left, here))
            waiting.append((part.member("right"), right, here))
        else:
            which.append(LEAF)
            values.append(part.member("value").number())
            weights.append(weight_of(part))
    arrays = map(np.array, (which, left, right, values, weights))
    return tree_of(asked, *arrays)


def weight_of(leaf: Part) -> float:
    """Return how many rows of training came to a leaf, NaN where nothing tells."""
    if not leaf.has("weight"):
        return math.nan
    weight = leaf.member("weight")
    if weight.number() < 0:
        raise weight.refuse("is below 0")
    return weight.number()
