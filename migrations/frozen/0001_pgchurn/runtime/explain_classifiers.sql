CREATE OR REPLACE FUNCTION churn_runtime.explain_classifiers() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Fitted classifiers as parts that are attributed to their inputs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.svm import LinearSVC

from .boosters import BoostedTrees
from .compile_boosters import trees_of
from .compile_classifiers import (
    CALIBRATION_EPSILON,
    DECISIONS,
    FORESTS,
    TWO_CLASSES,
    accepted,
    boosting_start,
    boosting_trees,
    forest_trees,
    hist_columns,
    hist_start,
    hist_trees,
    probability,
    unwrap,
)
from .compile_columns import Columns, Inputs, NotCompilable, Number, numeric
from .compile_sums import matrix
from .compile_trees import FittedTree
from .explain_columns import inputs_of, inputs_read_by
from .explain_trees import tree_terms
from .form_computed import Together
from .form_explained import (
    NEAREST,
    Attributed,
    Average,
    Calibration,
    LinearTerms,
    OddsOfShare,
    ShareOfOdds,
    WeighedMembers,
)
from .form_explained_subsets import MOST_PLAYERS, Subsets

FAMILIES = (
    "logistic regression, SGDClassifier with log_loss, decision trees, random forests, "
    "extra trees, gradient boosting, histogram gradient boosting, XGBoost, LightGBM "
    "and CatBoost; calibrated classifiers, soft votes and bagging over these, and "
    f"stacks of these below a line; any other of up to {MOST_PLAYERS} features"
)


def explained(estimator: Any, columns: Columns, inputs: Inputs) -> Attributed:
    """Return ``predict_proba`` of ``classes_[1]``, attributed to the inputs.

    Parameters and errors are those of ``compile_classifiers.probability``.
    """
    estimator, columns = unwrap(estimator, columns, inputs, stacks=False)
    kind = type(estimator)
    columns = accepted(kind, columns)
    if len(estimator.classes_) != TWO_CLASSES:
        raise NotCompilable(f"{kind.__name__} of other than two classes")
    try:
        return by_family(estimator, columns, inputs)
    except NotCompilable as reason:
        try:
            return by_subsets(estimator, columns, inputs)
        except NotCompilable:
            raise reason from None


def by_family(estimator: Any, columns: Columns, inputs: Inputs) -> Attributed:
    """Return the same of a classifier whose family has a way of its own."""
    kind = type(estimator)
    if kind in SHARES:
        return SHARES[kind](estimator, columns, inputs)
    if kind in MARGINS and hasattr(estimator, "predict_proba"):
        margin, slope = MARGINS[kind](estimator, columns, inputs)
        return ShareOfOdds(of=margin, slope=slope, constant=0.0)
    raise NotCompilable(kind.__name__)


def by_subsets(estimator: Any, columns: Columns, inputs: Inputs) -> Attributed:
    """Return the same of any classifier that is computed of few inputs.

    Raises
    ------
    NotCompilable
        If it has too many of them, or is not compiled.
    """
    read = inputs_read_by(columns)
    if not 0 < len(read) <= MOST_PLAYERS:
        raise NotCompilable(f"{type(estimator).__name__} of {len(read)} features")
    part = Together(of=[probability(estimator, columns, inputs)])
    odds = Subsets(of=part, inputs=np.array(read, np.int32), surest=1.0 - NEAREST)
    return ShareOfOdds(of=odds, slope=1.0, constant=0.0)


def response(
    estimator: Any, columns: Columns, inputs: Inputs
) -> tuple[Attributed, bool]:
    """Return what calibration starts from, and whether it is a probability."""
    estimator, columns = unwrap(estimator, columns, inputs, stacks=False)
    kind = type(estimator)
    if kind not in MARGINS:
        if kind in DECISIONS:
            raise NotCompilable(f"{kind.__name__} below another classifier")
        return explained(estimator, columns, inputs), True
    margin, _ = MARGINS[kind](estimator, accepted(kind, columns), inputs)
    return margin, False


def linear(
    estimator: Any, columns: Columns, inputs: Inputs
) -> tuple[Attributed, float]:
    """Return ``decision_function`` of a linear classifier."""
    if getattr(estimator, "loss", "log_loss") == "modified_huber":
        raise NotCompilable("SGDClassifier with the loss modified_huber")
    columns = [numeric(column) for column in columns]
    line = LinearTerms(
        of=matrix(columns),
        inputs=inputs_of(columns),
        weights=np.asarray(estimator.coef_[0], float),
        constant=float(np.ravel(estimator.intercept_)[0]),
    )
    return line, 1.0


def forest(estimator: Any, columns: Columns, inputs: Inputs) -> Attributed:
    """Average the leaves' class shares over the trees."""
    return tree_terms(forest_trees(estimator), columns, 0.0, is_share=True)


def gradient_boosting(
    estimator: GradientBoostingClassifier, columns: Columns, inputs: Inputs
) -> tuple[Attributed, float]:
    """Return ``decision_function`` of gradient boosting."""
    start = boosting_start(estimator)
    total = tree_terms(boosting_trees(estimator), columns, start, is_share=False)
    return total, 2.0 if estimator.loss == "exponential" else 1.0


def hist_gradient_boosting(
    estimator: HistGradientBoostingClassifier, columns: Columns, inputs: Inputs
) -> tuple[Attributed, float]:
    """Return ``decision_function`` of histogram gradient boosting."""
    columns = hist_columns(estimator, columns, inputs)
    start = hist_start(estimator)
    return tree_terms(hist_trees(estimator), columns, start, is_share=False), 1.0


def boosted_trees(
    estimator: BoostedTrees, columns: Columns, inputs: Inputs
) -> Attributed:
    """Return the share that the sum of another library's trees stands for."""
    trees = (with_covers(fitted) for fitted in trees_of(estimator))
    start = estimator.start_ * estimator.scale_
    total = tree_terms(trees, columns, start, is_share=False)
    return ShareOfOdds(of=total, slope=1.0, constant=0.0)


def with_covers(fitted: FittedTree) -> FittedTree:
    """Return a tree of which only the leaves said how many rows came to them."""
    cover = np.array(fitted.cover, float)
    # Children come after their parents.
    for node in reversed(np.flatnonzero(fitted.left >= 0).tolist()):
        cover[node] = cover[fitted.left[node]] + cover[fitted.right[node]]
    if np.isnan(cover).any():
        raise NotCompilable(
            "trees whose file does not tell how many rows of training came to each leaf"
        )
    return replace(fitted, cover=cover)


def calibrated(
    estimator: CalibratedClassifierCV, columns: Columns, inputs: Inputs
) -> Attributed:
    """Average the calibrated members."""
    return average(
        [
            calibrated_member(member, columns, inputs)
            for member in estimator.calibrated_classifiers_
        ]
    )


def calibrated_member(member: Any, columns: Columns, inputs: Inputs) -> Attributed:
    """Return what a calibrator makes of its classifier."""
    value, is_share = response(member.estimator, columns, inputs)
    (calibrator,) = member.calibrators
    if type(calibrator) is IsotonicRegression:
        if calibrator.out_of_bounds != "clip":
            raise NotCompilable("isotonic calibration that does not clip")
        x, y = calibrator.X_thresholds_, calibrator.y_thresholds_
        return Calibration(of=value, x=np.asarray(x, float), y=np.asarray(y, float))
    if hasattr(calibrator, "a_") and hasattr(calibrator, "b_"):
        slope, constant = -float(calibrator.a_), -float(calibrator.b_)
        return ShareOfOdds(of=value, slope=slope, constant=constant)
    if hasattr(calibrator, "beta_"):
        # The decision value stands against its negative.
        slope = 2 * float(calibrator.beta_)
        if is_share:
            value = OddsOfShare(of=value, epsilon=CALIBRATION_EPSILON)
            slope /= 2
        return ShareOfOdds(of=value, slope=slope, constant=0.0)
    raise NotCompilable(f"calibration by {type(calibrator).__name__}")


def stack(
    estimator: StackingClassifier, columns: Columns, inputs: Inputs
) -> tuple[Attributed, float]:
    """Return what a line makes of what the members say, each by itself."""
    if estimator.passthrough:
        raise NotCompilable("StackingClassifier that passes columns through")
    members = [
        stacked(member, method, columns, inputs)
        for member, method in zip(estimator.estimators_, estimator.stack_method_)
    ]
    said = Inputs(len(members), {})
    final, read = unwrap(
        estimator.final_estimator_, [Number(i) for i in range(len(members))], said
    )
    if MARGINS.get(type(final)) is not linear:
        raise NotCompilable(f"StackingClassifier above {type(final).__name__}")
    line, slope = linear(final, accepted(type(final), read), said)
    fields = {name: getattr(line, name) for name in LinearTerms.FIELDS}
    return WeighedMembers(members=members, **fields), slope


def stacked(member: Any, method: str, columns: Columns, inputs: Inputs) -> Attributed:
    """Return what a member hands on to the final estimator."""
    if method == "predict_proba":
        return explained(member, columns, inputs)
    if method == "decision_function":
        value, is_share = response(member, columns, inputs)
        if not is_share:
            return value
    raise NotCompilable(f"StackingClassifier that stacks by {method}")


def average(members: list[Attributed], weights: Any = None) -> Attributed:
    """Return the weighted mean of members, or the only one."""
    if len(members) == 1:
        return members[0]
    weights = np.ones(len(members)) if weights is None else np.asarray(weights, float)
    return Average(of=members, weights=weights / weights.sum())


def voting(estimator: VotingClassifier, columns: Columns, inputs: Inputs) -> Attributed:
    """Average the members by their weights."""
    members = [explained(one, columns, inputs) for one in estimator.estimators_]
    return average(members, estimator._weights_not_none)


def bagging(
    estimator: BaggingClassifier, columns: Columns, inputs: Inputs
) -> Attributed:
    """Average the members, each of which has columns of its own."""
    members = zip(estimator.estimators_, estimator.estimators_features_)
    return average(
        [
            explained(member, [columns[i] for i in chosen], inputs)
            for member, chosen in members
        ]
    )


# Of a part, and what its number is multiplied by to be the log odds.
Margin = Callable[[Any, Columns, Inputs], tuple[Attributed, float]]
MARGINS: dict[type, Margin] = {
    LogisticRegression: linear,
    LogisticRegressionCV: linear,
    SGDClassifier: linear,
    LinearSVC: linear,
    LinearDiscriminantAnalysis: linear,
    GradientBoostingClassifier: gradient_boosting,
    HistGradientBoostingClassifier: hist_gradient_boosting,
    StackingClassifier: stack,
}
SHARES: dict[type, Callable[[Any, Columns, Inputs], Attributed]] = {
    **dict.fromkeys(FORESTS, forest),
    BoostedTrees: boosted_trees,
    CalibratedClassifierCV: calibrated,
    VotingClassifier: voting,
    BaggingClassifier: bagging,
}
$python$;
COMMENT ON FUNCTION churn_runtime.explain_classifiers IS 'Fitted classifiers as parts that are attributed to their inputs.';
