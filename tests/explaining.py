"""Explanations the slow way: Shapley values over all subsets, from fitted estimators.

Everything here is computed of what scikit-learn has fitted, by its own transformers,
and of nothing that pgchurn has made.
"""

import itertools
import math
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from pgchurn.plpython.runtime.boosters import BoostedTrees
from pgchurn.plpython.runtime.explain_model import explain_model
from pgchurn.plpython.runtime.explainer import Explainer, ExplanationForm
from pgchurn.plpython.runtime.parity import scoreable
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.compiling import BOOLEANS, NUMBERS, TEXTS

# A score of exactly 0 or 1 counts as this far from it.
NEAREST = 2.0**-53
NO_FEATURE = -1


def scaled():
    """Return preprocessing that fills, scales, and knows each category by itself."""
    return ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(), StandardScaler()),
                NUMBERS + BOOLEANS,
            ),
            (
                "texts",
                make_pipeline(
                    SimpleImputer(strategy="most_frequent"),
                    OneHotEncoder(handle_unknown="ignore"),
                ),
                TEXTS,
            ),
        ]
    )


def explainer_of(estimator, signature, columns):
    """Return what explains an estimator, with the means of some rows."""
    content = explain_model(estimator, signature)
    means = ExplanationForm(content, signature).from_rows(columns)
    return Explainer(content, signature, {"means": means})


def explainable_rows(explainer, columns):
    """Split rows into parts that are explained, leaving out those that are refused.

    A line refuses a number whose contribution is beyond what a double holds.
    """
    return list(scoreable(SimpleNamespace(probabilities=explainer.explain), columns))


def log_odds(shares):
    """Return the log odds of probabilities, of 0 and 1 those of what is nearest."""
    shares = np.where(shares <= 0, NEAREST, np.where(shares >= 1, 1 - NEAREST, shares))
    return np.log(shares) - np.log1p(-shares)


def logistic(odds):
    """Return the probabilities of log odds."""
    return 1 / (1 + np.exp(-odds))


class Attributed(NamedTuple):
    """What is computed of rows, and what each feature contributes to it."""

    base: float
    # Of shape (n_rows,).
    values: np.ndarray
    # Of shape (n_rows, n_features).
    contributions: np.ndarray

    def through(self, link):
        """Return a function of it, scaled by chords."""
        base, values = float(link(np.array([self.base]))[0]), link(self.values)
        change, before = values - base, self.values - self.base
        # What contributes nothing before it does not afterwards.
        nothing = ~self.contributions.any(axis=1)
        ratio = np.divide(change, before, out=np.zeros(len(before)), where=~nothing)
        return Attributed(base, values, self.contributions * ratio[:, None])


def weighted(members, weights, constant=0.0):
    """Return the weighted sum of members."""
    total = [constant, constant, 0.0]
    for member, weight in zip(members, weights):
        total = [so_far + weight * one for so_far, one in zip(total, member)]
    return Attributed(*total)


def slow_odds(estimator, rows, typical):
    """Return base and contributions of log odds, for the class ``classes_[1]``.

    Parameters
    ----------
    estimator : fitted classifier, or pipeline that ends in one
    rows, typical : pandas.DataFrame or ndarray of shape (n_rows, n_features)
        To explain, and to tell means by.
    """
    width = rows.shape[1]
    owners = [[i] for i in range(width)]
    scale = odds_of(estimator, rows, typical, owners, width)
    return (
        scale
        if scale is not None
        else share_of(estimator, rows, typical, owners, width).through(log_odds)
    )


def odds_of(estimator, rows, typical, owners, width):
    """Return the log odds of an estimator that has them, None of others."""
    estimator, rows, typical, owners = unwrapped(estimator, rows, typical, owners)
    if isinstance(estimator, BaggingClassifier):
        return None
    if isinstance(estimator, CalibratedClassifierCV):
        members = estimator.calibrated_classifiers_
        if len(members) == 1 and hasattr(members[0].calibrators[0], "a_"):
            (calibrator,) = members[0].calibrators
            of = response_of(members[0].estimator, rows, typical, owners, width)
            return weighted([of], [-calibrator.a_], -calibrator.b_)
        return None
    if isinstance(estimator, StackingClassifier):
        return stack_of(estimator, rows, typical, owners, width)
    if isinstance(estimator, BoostedTrees) or hasattr(estimator, "decision_function"):
        of = response_of(estimator, rows, typical, owners, width)
        slope = 2.0 if getattr(estimator, "loss", "") == "exponential" else 1.0
        return weighted([of], [slope])
    return None


def unwrapped(estimator, rows, typical, owners):
    """Return the classifier at the end of pipelines, and what it is given."""
    while isinstance(estimator, Pipeline):
        for _, step in estimator.steps[:-1]:
            owners = owners_after(step, typical, owners)
            rows, typical = step.transform(rows), step.transform(typical)
        estimator = estimator.steps[-1][1]
    return estimator, rows, typical, owners


def owners_after(step, typical, owners):
    """Return the features behind each column that a step puts out, as they show."""
    before = dense(step.transform(typical))
    found = [[] for _ in range(before.shape[1])]
    for i, owner in enumerate(owners):
        changed = typical.copy()
        values = changed.iloc[:, i] if hasattr(changed, "iloc") else changed[:, i]
        mixed = np.random.default_rng(i).permutation(np.asarray(values))
        if hasattr(changed, "iloc"):
            changed.isetitem(i, mixed)
        else:
            changed[:, i] = mixed
        after = dense(step.transform(changed))
        differs = ~((before == after) | (np.isnan(before) & np.isnan(after)))
        for column in np.flatnonzero(differs.any(axis=0)):
            found[column] = sorted({*found[column], *owner})
    return found


def dense(rows):
    """Return a matrix of doubles."""
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, float)


def share_of(estimator, rows, typical, owners, width):
    """Return the probabilities of an estimator, attributed on its own scale."""
    odds = odds_of(estimator, rows, typical, owners, width)
    if odds is not None:
        return odds.through(logistic)
    estimator, rows, typical, owners = unwrapped(estimator, rows, typical, owners)
    given = (rows, typical, owners, width)
    if isinstance(estimator, CalibratedClassifierCV):
        members = [
            calibrated_of(one, *given) for one in estimator.calibrated_classifiers_
        ]
        return weighted(members, [1 / len(members)] * len(members))
    if isinstance(estimator, VotingClassifier):
        members = [share_of(one, *given) for one in estimator.estimators_]
        weights = np.array(estimator.weights or [1.0] * len(members))
        return weighted(members, weights / weights.sum())
    if isinstance(estimator, BaggingClassifier):
        rows, typical = dense(rows), dense(typical)
        members = [
            share_of(
                one, rows[:, few], typical[:, few], [owners[i] for i in few], width
            )
            for one, few in zip(estimator.estimators_, estimator.estimators_features_)
        ]
        return weighted(members, [1 / len(members)] * len(members))
    trees = getattr(estimator, "estimators_", [estimator])
    return weighted(
        [
            tree_of(one.tree_, shares_of(one), dense(rows), owners, width)
            for one in trees
        ],
        [1 / len(trees)] * len(trees),
    )


def shares_of(tree):
    """Return the share of the second class at each node."""
    values = tree.tree_.value[:, 0]
    return values[:, 1] / values.sum(axis=1)


def calibrated_of(member, *given):
    """Return what a calibrator makes of its classifier."""
    (calibrator,) = member.calibrators
    return response_of(member.estimator, *given).through(calibrator.predict)


def response_of(estimator, rows, typical, owners, width):
    """Return what calibration starts from: the decision value, where there is one."""
    whole = (estimator, rows, typical, owners, width)
    estimator, rows, typical, owners = unwrapped(estimator, rows, typical, owners)
    if isinstance(estimator, HistGradientBoostingClassifier):
        return hist_of(estimator, rows, owners, width)
    if isinstance(estimator, GradientBoostingClassifier):
        matrix = dense(rows)
        trees = [one.tree_ for one in estimator.estimators_[:, 0]]
        start = float(np.ravel(estimator._raw_predict_init(matrix[:1]))[0])
        return weighted(
            [tree_of(one, one.value[:, 0, 0], matrix, owners, width) for one in trees],
            [estimator.learning_rate] * len(trees),
            start,
        )
    if isinstance(estimator, BoostedTrees):
        return boosted_of(estimator, dense(rows), owners, width)
    if hasattr(estimator, "coef_"):
        matrix, means = dense(rows), dense(typical).mean(axis=0)
        terms = (matrix - means) * estimator.coef_[0]
        found = np.zeros((len(matrix), width))
        for column, owner in zip(terms.T, owners):
            # A column that is the same everywhere contributes nothing.
            found[:, owner[0] if owner else 0] += column
        start = float(estimator.intercept_[0])
        base = float(start + means @ estimator.coef_[0])
        return Attributed(base, start + matrix @ estimator.coef_[0], found)
    return share_of(*whole)


def stack_of(estimator, rows, typical, owners, width):
    """Return the line of what a stack's members say."""
    given = (rows, typical, owners, width)
    members = [
        share_of(one, *given) if method == "predict_proba" else response_of(one, *given)
        for one, method in zip(estimator.estimators_, estimator.stack_method_)
    ]
    final = estimator.final_estimator_
    steps, line = (
        (final[:-1], final[-1]) if isinstance(final, Pipeline) else (None, final)
    )

    def said(place):
        def link(values):
            matrix = np.full((len(values), len(members)), 0.5)
            matrix[:, place] = values
            made = matrix if steps is None else steps.transform(matrix)
            return made[:, place]

        return link

    linked = [one.through(said(i)) for i, one in enumerate(members)]
    return weighted(linked, line.coef_[0], float(line.intercept_[0]))


def tree_of(tree, values, matrix, owners, width):
    """Return what a tree of scikit-learn's contributes."""
    single = matrix.astype(np.float32)

    def is_left(node):
        value = single[:, tree.feature[node]]
        left = value <= tree.threshold[node]
        return np.where(np.isnan(value), tree.missing_go_to_left[node] == 1, left)

    return shapley(
        tree.children_left,
        tree.children_right,
        np.where(tree.children_left < 0, NO_FEATURE, tree.feature),
        tree.weighted_n_node_samples,
        values,
        is_left,
        (len(matrix), owners, width),
    )


def hist_of(estimator, rows, owners, width):
    """Return what histogram gradient boosting contributes."""
    if estimator._preprocessor is not None:
        owners = owners_after(estimator._preprocessor, rows, owners)
        rows = estimator._preprocessor.transform(rows)
    matrix = dense(rows)
    known, places = estimator._bin_mapper.make_known_categories_bitsets()
    found = []
    for (predictor,) in estimator._predictors:
        nodes = predictor.nodes

        def is_left(i, nodes=nodes, sets=predictor.raw_left_cat_bitsets):
            node = nodes[i]
            value = matrix[:, node["feature_idx"]]
            if not node["is_categorical"]:
                left = value <= node["num_threshold"]
                return np.where(np.isnan(value), node["missing_go_to_left"] == 1, left)
            members = known[places[node["feature_idx"]]]
            return np.array(
                [
                    bit(sets[node["bitset_idx"]], int(one))
                    if one == one and 0 <= one < 256 and bit(members, int(one))
                    else node["missing_go_to_left"] == 1
                    for one in value
                ]
            )

        leaf = nodes["is_leaf"] == 1
        found.append(
            shapley(
                np.where(leaf, -1, nodes["left"].astype(int)),
                np.where(leaf, -1, nodes["right"].astype(int)),
                np.where(leaf, NO_FEATURE, nodes["feature_idx"].astype(int)),
                nodes["count"].astype(float),
                nodes["value"],
                is_left,
                (len(matrix), owners, width),
            )
        )
    start = float(np.ravel(estimator._baseline_prediction)[0])
    return weighted(found, [1.0] * len(found), start)


def bit(words, number):
    """Return whether a bit is set in words of 32."""
    return bool(int(words[number // 32]) >> (number % 32) & 1)


def boosted_of(estimator, matrix, owners, width):
    """Return what boosted trees of another library contribute."""
    matrix = estimator.as_read(matrix)
    sets = np.split(estimator.members_, estimator.ends_[:-1])

    def is_left(node):
        value = matrix[:, estimator.feature_[node]]
        if estimator.set_[node] >= 0:
            left = np.isin(np.floor(value), sets[estimator.set_[node]])
        else:
            left = value <= estimator.threshold_[node]
        return np.where(np.isnan(value), estimator.missing_left_[node], left)

    features = np.where(estimator.left_ < 0, NO_FEATURE, estimator.feature_)
    found = [
        shapley(
            *(estimator.left_, estimator.right_, features, estimator.cover_),
            *(estimator.value_, is_left, (len(matrix), owners, width), root),
        )
        for root in estimator.roots_
    ]
    scales = [estimator.scale_] * len(found)
    return weighted(found, scales, estimator.start_ * estimator.scale_)


def shapley(left, right, feature, cover, value, is_left, shape, root=0):
    """Return the Shapley values of a tree, by its game over all subsets of columns.

    A row goes both ways at a node whose column is not known, by the rows of training.
    """
    rows, owners, width = shape
    below, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        below.append(node)
        if feature[node] != NO_FEATURE:
            waiting += [left[node], right[node]]
    players = sorted({int(feature[node]) for node in below} - {NO_FEATURE})
    ways = {node: is_left(node) for node in below if feature[node] != NO_FEATURE}

    def came(node):
        if feature[node] == NO_FEATURE:
            return cover[node]
        return came(left[node]) + came(right[node])

    def expected(node, known):
        if feature[node] == NO_FEATURE:
            return np.full(rows, float(value[node]))
        to_left, to_right = expected(left[node], known), expected(right[node], known)
        if feature[node] in known:
            return np.where(ways[node], to_left, to_right)
        sizes = came(left[node]), came(right[node])
        if not any(sizes):
            # Where nobody came, half of nobody goes either way.
            return (to_left + to_right) / 2
        return (sizes[0] * to_left + sizes[1] * to_right) / sum(sizes)

    worth = {
        subset: expected(root, subset)
        for size in range(len(players) + 1)
        for subset in itertools.combinations(players, size)
    }
    found = np.zeros((rows, width))
    count = len(players)
    for player in players:
        (owner,) = owners[player]
        others = [one for one in players if one != player]
        for size in range(count):
            weight = 1 / (count * math.comb(count - 1, size))
            for subset in itertools.combinations(others, size):
                joined = tuple(sorted((*subset, player)))
                found[:, owner] += weight * (worth[joined] - worth[subset])
    return Attributed(float(worth[()][0]), worth[tuple(players)], found)
