"""Fitted classifiers as tensors of probabilities or decision values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pgchurn.loader.compiling.columns import Column, Vocabulary
from pgchurn.loader.compiling.errors import NotCompilable
from pgchurn.loader.compiling.graph import Graph
from pgchurn.loader.compiling.linear import linear_sum
from pgchurn.loader.compiling.preprocessing import transform
from pgchurn.loader.compiling.trees import FittedTree, Sum, build_tree
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

FORESTS = (RandomForestClassifier, ExtraTreesClassifier, DecisionTreeClassifier)


def probability(
    estimator: ClassifierMixin,
    columns: Sequence[Column],
    vocabularies: dict[int, Vocabulary],
    graph: Graph,
) -> str:
    """Add ``predict_proba`` of ``classes_[1]`` to the graph; return its tensor.

    A model that is one sum leaves its row program with the graph.

    Parameters
    ----------
    estimator : fitted classifier, or pipeline that ends in one
    columns : sequence of Number, Text or Lookup
        What the estimator is given.
    vocabularies : dict of int to Vocabulary
        Codes of the text features by position; extended here.
    graph : Graph

    Raises
    ------
    NotCompilable
        Naming the part that is not covered.
    """
    estimator, columns = unwrap(estimator, columns, vocabularies)
    kind = type(estimator)
    if kind is CalibratedClassifierCV:
        return graph.clipped(calibrated(estimator, columns, vocabularies, graph))
    if kind is LinearSVC or (kind is SGDClassifier and estimator.loss != "log_loss"):
        raise NotCompilable(f"{kind.__name__} without probabilities")
    total = decision_sum(estimator, columns, graph.width)
    link = "share" if kind in FORESTS else "sigmoid"
    graph.row_program = total.row_program(link)
    tensor = total.tensor(graph)
    return graph.clipped(tensor) if kind in FORESTS else graph.add("Sigmoid", tensor)


def unwrap(
    estimator: ClassifierMixin,
    columns: Sequence[Column],
    vocabularies: dict[int, Vocabulary],
) -> tuple[ClassifierMixin, Sequence[Column]]:
    """Return the classifier at the end of pipelines, and the columns it is given."""
    while type(estimator) in (Pipeline, FrozenEstimator):
        if type(estimator) is FrozenEstimator:
            estimator = estimator.estimator
            continue
        for _, step in estimator.steps[:-1]:
            columns = transform(step, columns, vocabularies)
        estimator = estimator.steps[-1][1]
    return estimator, columns


def decision_sum(
    estimator: ClassifierMixin, columns: Sequence[Column], width: int
) -> Sum:
    """Return ``decision_function`` as a sum; of a forest the probability."""
    kind = type(estimator)
    if kind in (LogisticRegression, SGDClassifier, LinearSVC):
        return linear_sum(estimator, columns, width)
    if kind is GradientBoostingClassifier:
        return gradient_boosting(estimator, columns, width)
    if kind is HistGradientBoostingClassifier:
        return hist_gradient_boosting(estimator, columns, width)
    if kind in FORESTS:
        return forest(estimator, columns, width)
    raise NotCompilable(kind.__name__)


def forest(estimator: ClassifierMixin, columns: Sequence[Column], width: int) -> Sum:
    """Average the leaves' class shares over the trees."""
    members = getattr(estimator, "estimators_", [estimator])
    total = Sum(width)
    for member in members:
        shares = member.tree_.value[:, 0, :]
        share = shares[:, 1] / shares.sum(axis=1)
        fitted = from_tree(member.tree_, share / len(members))
        total.add_tree(build_tree(fitted, columns))
    return total


def gradient_boosting(
    estimator: GradientBoostingClassifier, columns: Sequence[Column], width: int
) -> Sum:
    """Add up the scaled leaves, from the prior's log odds on."""
    if estimator.loss != "log_loss" or type(estimator.init_) is not DummyClassifier:
        raise NotCompilable("GradientBoostingClassifier with another loss or init")
    prior = estimator.init_.class_prior_[1]
    total = Sum(width, float(np.log(prior / (1 - prior))))
    for member in estimator.estimators_[:, 0]:
        value = estimator.learning_rate * member.tree_.value[:, 0, 0]
        total.add_tree(build_tree(from_tree(member.tree_, value), columns))
    return total


def from_tree(tree: Any, value: np.ndarray) -> FittedTree:
    """Return the common form of the trees that cast features to float32."""
    return FittedTree(
        left=tree.children_left,
        right=tree.children_right,
        feature=tree.feature,
        threshold=tree.threshold,
        missing_left=tree.missing_go_to_left.astype(bool),
        value=value,
        single_precision=True,
    )


def hist_gradient_boosting(
    estimator: HistGradientBoostingClassifier, columns: Sequence[Column], width: int
) -> Sum:
    """Add up the leaves, from the baseline on; missing values go their own way."""
    if estimator._preprocessor is not None:
        raise NotCompilable("HistGradientBoostingClassifier with categorical features")
    total = Sum(width, float(np.ravel(estimator._baseline_prediction)[0]))
    for (predictor,) in estimator._predictors:
        nodes = predictor.nodes
        is_leaf = nodes["is_leaf"].astype(bool)
        fitted = FittedTree(
            left=np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
            right=np.where(is_leaf, -1, nodes["right"].astype(np.int64)),
            feature=nodes["feature_idx"].astype(np.int64),
            threshold=nodes["num_threshold"],
            missing_left=nodes["missing_go_to_left"].astype(bool),
            value=nodes["value"],
            single_precision=False,
        )
        total.add_tree(build_tree(fitted, columns))
    return total


def calibrated(
    estimator: CalibratedClassifierCV,
    columns: Sequence[Column],
    vocabularies: dict[int, Vocabulary],
    graph: Graph,
) -> str:
    """Average the calibrated members."""
    members = estimator.calibrated_classifiers_
    results = []
    for member in members:
        inner, given = unwrap(member.estimator, columns, vocabularies)
        value = decision_sum(inner, given, graph.width).tensor(graph)
        (calibrator,) = member.calibrators
        if type(calibrator) is IsotonicRegression:
            results.append(isotonic(calibrator, value, graph))
        elif hasattr(calibrator, "a_") and hasattr(calibrator, "b_"):
            scaled = graph.add("Mul", value, graph.constant([[-calibrator.a_]]))
            shifted = graph.add("Add", scaled, graph.constant([[-calibrator.b_]]))
            results.append(graph.add("Sigmoid", shifted))
        else:
            raise NotCompilable(f"calibration by {type(calibrator).__name__}")
    total = results[0] if len(results) == 1 else graph.add("Sum", *results)
    return graph.add("Mul", total, graph.constant([[1 / len(members)]]))


def isotonic(calibrator: IsotonicRegression, value: str, graph: Graph) -> str:
    """Interpolate between the calibrator's points; beyond them its ends hold."""
    if calibrator.out_of_bounds != "clip":
        raise NotCompilable("isotonic calibration that does not clip")
    x, y = calibrator.X_thresholds_, calibrator.y_thresholds_
    if len(x) == 1:
        zero = graph.add("Mul", value, graph.constant([[0.0]]))
        return graph.add("Add", zero, graph.constant([[y[0]]]))
    lengths = np.diff(x)
    # How far the value reaches into each piece, times the piece's slope.
    reach = graph.add("Sub", value, graph.constant([x[:-1]]))
    reach = graph.add("Max", reach, graph.constant([np.zeros(len(lengths))]))
    reach = graph.add("Min", reach, graph.constant([lengths]))
    slopes = (np.diff(y) / lengths)[:, None]
    result = graph.add("MatMul", reach, graph.constant(slopes))
    return graph.add("Add", result, graph.constant([[y[0]]]))
