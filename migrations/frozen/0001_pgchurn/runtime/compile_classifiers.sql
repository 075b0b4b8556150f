CREATE OR REPLACE FUNCTION churn_runtime.compile_classifiers() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Fitted classifiers as parts that compute probabilities or decision values."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    GaussianNB,
    MultinomialNB,
)
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from .boosters import BoostedTrees
from .compile_bayes import (
    bernoulli_naive_bayes,
    categorical_naive_bayes,
    complement_naive_bayes,
    gaussian_naive_bayes,
    multinomial_naive_bayes,
)
from .compile_boosters import boosted_trees, columns_as_read
from .compile_columns import Columns, Inputs, NotCompilable, numeric
from .compile_computed import computed
from .compile_functions import refuse_infinite
from .compile_neighbours import nearest, within_radius
from .compile_preprocessing import transform
from .compile_sums import SumBuilder, matrix, weighted_sum
from .compile_through import of_columns
from .compile_trees import Categories, FittedTree, build_tree
from .form_computed import Together
from .form_matrices import Dense, OnlyOne, Quadratic
from .form_parts import Part, Scalar, Sigmoid
from .form_scalars import Affine, Interpolated, LogOdds, Mean, Share, Sign
from .pickle_values import class_name
from .raw_readers import PIPELINE
from .searches import SEARCHES

SINGLE_TREES = (DecisionTreeClassifier, ExtraTreeClassifier)
FORESTS = (RandomForestClassifier, ExtraTreesClassifier, *SINGLE_TREES)
# What only passes on what it is given: searches hold the best estimator as theirs.
FROZEN = "sklearn.frozen._frozen.FrozenEstimator"
STACK = "sklearn.ensemble._stacking.StackingClassifier"
WRAPPERS = (PIPELINE, FROZEN, STACK, *SEARCHES)
# What takes infinities, and what leaves it to others to look.
TAKING_ALL = (
    HistGradientBoostingClassifier,
    BoostedTrees,
    BaggingClassifier,
    CalibratedClassifierCV,
    DummyClassifier,
    VotingClassifier,
)
TWO_CLASSES = 2
# What scikit-learn adds to a probability before it takes its logarithm.
CALIBRATION_EPSILON = 1e-12
CATEGORIES = 256
WORD_BITS = 32


def probability(estimator: Any, columns: Columns, inputs: Inputs) -> Scalar:
    """Return ``predict_proba`` of ``classes_[1]``.

    Parameters
    ----------
    estimator : fitted classifier, or pipeline that ends in one
    columns : sequence of Number, Text or Lookup
        What the estimator is given.
    inputs : Inputs
        Whose vocabularies are extended here.

    Raises
    ------
    NotCompilable
        Naming the part that is not covered.
    """
    estimator, columns = unwrap(estimator, columns, inputs)
    kind = type(estimator)
    columns = accepted(kind, columns)
    if len(estimator.classes_) != TWO_CLASSES:
        raise NotCompilable(f"{kind.__name__} of other than two classes")
    if kind in PROBABILITIES:
        return of_columns(PROBABILITIES[kind], estimator, columns, inputs)
    if kind in DECISIONS and hasattr(estimator, "predict_proba"):
        return Sigmoid(of=of_columns(DECISIONS[kind], estimator, columns, inputs))
    raise NotCompilable(f"{kind.__name__} without probabilities")


def unwrap(
    estimator: Any, columns: Columns, inputs: Inputs, stacks: bool = True
) -> tuple[Any, Columns]:
    """Return the classifier at the end of pipelines, and what it is given.

    That of stacks, too, unless they are to be left as they are.
    """
    while class_name(estimator) in WRAPPERS:
        if type(estimator) is StackingClassifier and not stacks:
            break
        if type(estimator) is StackingClassifier:
            columns = said_by_members(estimator, columns, inputs)
            estimator = estimator.final_estimator_
        elif type(estimator) is Pipeline:
            for _, step in estimator.steps[:-1]:
                columns = transform(step, columns, inputs)
            estimator = estimator.steps[-1][1]
        else:
            held = SEARCHES.get(class_name(estimator), "estimator")
            estimator = getattr(estimator, held)
    if type(estimator) is BoostedTrees:
        columns = columns_as_read(estimator, columns)
    return estimator, columns


def accepted(kind: type, columns: Columns) -> Columns:
    """Return columns less what functions put out and a classifier does not take."""
    if kind in TAKING_ALL:
        return columns
    return refuse_infinite(columns, missing=kind not in FORESTS)


def response(estimator: Any, columns: Columns, inputs: Inputs) -> tuple[Scalar, bool]:
    """Return what calibration starts from, and whether it is a probability.

    As scikit-learn has it: ``decision_function`` where there is one.
    """
    estimator, columns = unwrap(estimator, columns, inputs)
    kind = type(estimator)
    if kind in DECISIONS:
        columns = accepted(kind, columns)
        return of_columns(DECISIONS[kind], estimator, columns, inputs), False
    return probability(estimator, columns, inputs), True


def linear(estimator: Any, columns: Columns, inputs: Inputs) -> Scalar:
    """Return ``decision_function`` of a linear classifier."""
    constant = float(np.ravel(estimator.intercept_)[0])
    return weighted_sum(columns, estimator.coef_[0].tolist(), constant)


def stochastic_gradient(
    estimator: SGDClassifier, columns: Columns, inputs: Inputs
) -> Scalar:
    """Return the share that stochastic gradient descent makes of its loss."""
    decided = linear(estimator, columns, inputs)
    if estimator.loss == "log_loss":
        return Sigmoid(of=decided)
    if estimator.loss != "modified_huber":
        raise NotCompilable(f"SGDClassifier with the loss {estimator.loss}")
    # The decision value cut to -1 and 1, moved to 0 and 1.
    return Share(of=Affine(of=decided, slope=0.5, constant=0.5))


def forest(estimator: Any, columns: Columns, inputs: Inputs) -> Scalar:
    """Average the leaves' class shares over the trees."""
    total = SumBuilder()
    for fitted in forest_trees(estimator):
        total.add_tree(build_tree(fitted, columns))
    return Share(of=total.part())


def forest_trees(estimator: Any) -> Iterator[FittedTree]:
    """Yield the trees of a forest, or the only one, with their share of the mean."""
    members = [estimator] if type(estimator) in SINGLE_TREES else estimator.estimators_
    for member in members:
        yield weighted_shares(member, 1 / len(members))


def weighted_shares(member: Any, weight: float) -> FittedTree:
    """Return the weighted class shares of one tree."""
    return from_tree(member.tree_, shares(member) * weight)


def shares(member: Any) -> np.ndarray:
    """Return the share of the second class in each node of a tree."""
    values = member.tree_.value[:, 0, :]
    return values[:, 1] / values.sum(axis=1)


def gradient_boosting(estimator: Any, columns: Columns, inputs: Inputs) -> Scalar:
    """Add up the scaled leaves, from the prior's log odds on."""
    total = SumBuilder(boosting_start(estimator))
    for fitted in boosting_trees(estimator):
        total.add_tree(build_tree(fitted, columns))
    return total.part()


def boosting_start(estimator: GradientBoostingClassifier) -> float:
    """Return what the sum of gradient boosting begins with."""
    first = estimator.init_
    if isinstance(first, str) and first == "zero":
        return 0.0
    if type(first) is not DummyClassifier:
        raise NotCompilable("GradientBoostingClassifier with a model for its start")
    prior = first.class_prior_[1]
    odds = float(np.log(prior / (1 - prior)))
    return odds / 2 if estimator.loss == "exponential" else odds


def boosting_trees(estimator: GradientBoostingClassifier) -> Iterator[FittedTree]:
    """Yield the trees of gradient boosting."""
    for member in estimator.estimators_[:, 0]:
        value = estimator.learning_rate * member.tree_.value[:, 0, 0]
        yield from_tree(member.tree_, value)


def boosted_share(
    estimator: GradientBoostingClassifier, columns: Columns, inputs: Inputs
) -> Scalar:
    """Return the share that gradient boosting makes of its loss."""
    decided = gradient_boosting(estimator, columns, inputs)
    if estimator.loss == "exponential":
        decided = Affine(of=decided, slope=2.0, constant=0.0)
    return Sigmoid(of=decided)


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
        cover=tree.weighted_n_node_samples,
    )


def hist_gradient_boosting(estimator: Any, columns: Columns, inputs: Inputs) -> Scalar:
    """Add up the leaves, from the baseline on; missing values go their own way."""
    columns = hist_columns(estimator, columns, inputs)
    total = SumBuilder(hist_start(estimator))
    for fitted in hist_trees(estimator):
        total.add_tree(build_tree(fitted, columns))
    return total.part()


def hist_columns(estimator: Any, columns: Columns, inputs: Inputs) -> Columns:
    """Return the columns that histogram gradient boosting itself compares."""
    if estimator._preprocessor is None:
        return columns
    return transform(estimator._preprocessor, columns, inputs)


def hist_start(estimator: Any) -> float:
    """Return what the sum of histogram gradient boosting begins with."""
    return float(np.ravel(estimator._baseline_prediction)[0])


def hist_trees(estimator: Any) -> Iterator[FittedTree]:
    """Yield the trees of histogram gradient boosting."""
    known, positions = estimator._bin_mapper.make_known_categories_bitsets()
    for (predictor,) in estimator._predictors:
        nodes = predictor.nodes
        is_leaf = nodes["is_leaf"].astype(bool)
        categorical = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~is_leaf)
        categories = {
            int(i): Categories(
                left=in_bitset(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][i]]),
                known=in_bitset(known[positions[nodes["feature_idx"][i]]]),
            )
            for i in categorical
        }
        yield FittedTree(
            left=np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
            right=np.where(is_leaf, -1, nodes["right"].astype(np.int64)),
            feature=nodes["feature_idx"].astype(np.int64),
            threshold=nodes["num_threshold"],
            missing_left=nodes["missing_go_to_left"].astype(bool),
            value=nodes["value"],
            single_precision=False,
            categories=categories,
            cover=nodes["count"].astype(float),
        )


def in_bitset(words: np.ndarray) -> frozenset[int]:
    """Return the categories whose bits are set."""
    return frozenset(
        category
        for category in range(CATEGORIES)
        if int(words[category // WORD_BITS]) >> (category % WORD_BITS) & 1
    )


def calibrated(
    estimator: CalibratedClassifierCV, columns: Columns, inputs: Inputs
) -> Scalar:
    """Average the calibrated members."""
    members = [
        calibrated_member(member, columns, inputs)
        for member in estimator.calibrated_classifiers_
    ]
    return Share(of=mean(members, [1 / len(members)] * len(members)))


def calibrated_member(member: Any, columns: Columns, inputs: Inputs) -> Scalar:
    """Return what a calibrator makes of its classifier."""
    value, is_probability = response(member.estimator, columns, inputs)
    (calibrator,) = member.calibrators
    if type(calibrator) is IsotonicRegression:
        if calibrator.out_of_bounds != "clip":
            raise NotCompilable("isotonic calibration that does not clip")
        x, y = calibrator.X_thresholds_, calibrator.y_thresholds_
        return Interpolated(of=value, x=np.asarray(x, float), y=np.asarray(y, float))
    if hasattr(calibrator, "a_") and hasattr(calibrator, "b_"):
        slope, constant = -float(calibrator.a_), -float(calibrator.b_)
        return Sigmoid(of=Affine(of=value, slope=slope, constant=constant))
    if hasattr(calibrator, "beta_"):
        # The decision value stands against its negative.
        slope = 2 * float(calibrator.beta_)
        if is_probability:
            value = LogOdds(of=value, epsilon=CALIBRATION_EPSILON)
            slope /= 2
        return Sigmoid(of=Affine(of=value, slope=slope, constant=0.0))
    raise NotCompilable(f"calibration by {type(calibrator).__name__}")


def mean(members: list[Scalar], weights: Sequence[float]) -> Scalar:
    """Return the weighted sum of members."""
    return Mean(of=members, weights=np.array(weights, float))


def bagging(estimator: BaggingClassifier, columns: Columns, inputs: Inputs) -> Scalar:
    """Average the members, each of which has columns of its own."""
    members = list(zip(estimator.estimators_, estimator.estimators_features_))
    weight = 1 / len(members)
    if all(type(member) in SINGLE_TREES for member, _ in members):
        total = SumBuilder()
        for member, chosen in members:
            fitted = weighted_shares(member, weight)
            total.add_tree(build_tree(fitted, [columns[i] for i in chosen]))
        return Share(of=total.part())
    share = probability if hasattr(members[0][0], "predict_proba") else vote_as_share
    results = [
        share(member, [columns[i] for i in chosen], inputs)
        for member, chosen in members
    ]
    return Share(of=mean(results, [weight] * len(members)))


def vote_as_share(member: Any, columns: Columns, inputs: Inputs) -> Scalar:
    """Return 1 where a member predicts the second class, 0 where the first."""
    return Affine(of=vote(member, columns, inputs), slope=0.5, constant=0.5)


def voting(estimator: VotingClassifier, columns: Columns, inputs: Inputs) -> Scalar:
    """Average the members by their weights."""
    members = [probability(one, columns, inputs) for one in estimator.estimators_]
    weights = estimator._weights_not_none or [1.0] * len(members)
    total = float(np.sum(weights))
    return Share(of=mean(members, [float(weight) / total for weight in weights]))


def said_by_members(
    estimator: StackingClassifier, columns: Columns, inputs: Inputs
) -> Columns:
    """Return what a stack's final estimator reads: its members', and columns passed."""
    said = [
        stacked(member, method, columns, inputs)
        for member, method in zip(estimator.estimators_, estimator.stack_method_)
    ]
    passed = columns if estimator.passthrough else []
    return [*computed(Together(of=said)), *passed]


def stacked(member: Any, method: str, columns: Columns, inputs: Inputs) -> Scalar:
    """Return what a member hands on to the final estimator."""
    if method == "predict_proba":
        return probability(member, columns, inputs)
    if method == "decision_function":
        value, is_probability = response(member, columns, inputs)
        if not is_probability:
            return value
    elif method == "predict" and np.array_equal(member.classes_, [0, 1]):
        return vote_as_share(member, columns, inputs)
    raise NotCompilable(f"StackingClassifier that stacks by {method}")


def ada_boost(
    estimator: AdaBoostClassifier, columns: Columns, inputs: Inputs
) -> Scalar:
    """Add up the members' weighted votes."""
    weights = estimator.estimator_weights_[: len(estimator.estimators_)]
    factors = 2 * weights / estimator.estimator_weights_.sum()
    if all(type(member) in SINGLE_TREES for member in estimator.estimators_):
        total = SumBuilder()
        for member, factor in zip(estimator.estimators_, factors):
            values = member.tree_.value[:, 0, :]
            votes = np.where(values[:, 1] > values[:, 0], factor, -factor)
            total.add_tree(build_tree(from_tree(member.tree_, votes), columns))
        return total.part()
    votes = [vote(member, columns, inputs) for member in estimator.estimators_]
    return mean(votes, factors.tolist())


def vote(member: Any, columns: Columns, inputs: Inputs) -> Scalar:
    """Return 1 where a member predicts the second class, -1 where the first."""
    value, is_probability = response(member, columns, inputs)
    return Sign(of=value, threshold=0.5 if is_probability else 0.0)


def neural_network(
    estimator: MLPClassifier, columns: Columns, inputs: Inputs
) -> Scalar:
    """Return the layers, one after the other."""
    layer: Part = matrix([numeric(column) for column in columns])
    last = len(estimator.coefs_) - 1
    for i, (weights, biases) in enumerate(zip(estimator.coefs_, estimator.intercepts_)):
        layer = Dense(
            of=layer,
            weights=np.ascontiguousarray(weights, float).ravel(),
            biases=np.asarray(biases, float),
            activation="identity" if i == last else estimator.activation,
        )
    if estimator.out_activation_ != "logistic":
        raise NotCompilable("MLPClassifier of more than two classes")
    return Sigmoid(of=OnlyOne(of=layer))


def quadratic_discriminant(
    estimator: QuadraticDiscriminantAnalysis, columns: Columns, inputs: Inputs
) -> Scalar:
    """Compare the distances from the centres of both classes."""
    distances = []
    for rotation, scaling, means in zip(
        estimator.rotations_, estimator.scalings_, estimator.means_
    ):
        turned = rotation * scaling**-0.5
        centred = [
            numeric(column).step("subtract", mean_)
            for column, mean_ in zip(columns, means)
        ]
        distances.append(
            Dense(
                of=matrix(centred),
                weights=np.ascontiguousarray(turned).ravel(),
                biases=np.zeros(turned.shape[1]),
                activation="identity",
            )
        )
    logs = [float(np.log(one).sum()) for one in estimator.scalings_]
    priors = np.log(estimator.priors_)
    constant = float(priors[1] - priors[0] + 0.5 * (logs[0] - logs[1]))
    return Quadratic(first=distances[0], second=distances[1], constant=constant)


def dummy(estimator: DummyClassifier, columns: Columns, inputs: Inputs) -> Scalar:
    """Return the share that every row is given."""
    if estimator.strategy not in ("prior", "most_frequent", "constant"):
        raise NotCompilable(f"DummyClassifier with the strategy {estimator.strategy}")
    row = np.zeros((1, 1))
    return Share(of=SumBuilder(float(estimator.predict_proba(row)[0, 1])).part())


Compile = Callable[[Any, Columns, Inputs], Scalar]

DECISIONS: dict[type, Compile] = {
    LogisticRegression: linear,
    LogisticRegressionCV: linear,
    SGDClassifier: linear,
    LinearSVC: linear,
    LinearDiscriminantAnalysis: linear,
    QuadraticDiscriminantAnalysis: quadratic_discriminant,
    GradientBoostingClassifier: gradient_boosting,
    HistGradientBoostingClassifier: hist_gradient_boosting,
    AdaBoostClassifier: ada_boost,
}
PROBABILITIES: dict[type, Compile] = {
    **dict.fromkeys(FORESTS, forest),
    CalibratedClassifierCV: calibrated,
    BaggingClassifier: bagging,
    VotingClassifier: voting,
    MLPClassifier: neural_network,
    SGDClassifier: stochastic_gradient,
    GradientBoostingClassifier: boosted_share,
    GaussianNB: gaussian_naive_bayes,
    BernoulliNB: bernoulli_naive_bayes,
    CategoricalNB: categorical_naive_bayes,
    ComplementNB: complement_naive_bayes,
    MultinomialNB: multinomial_naive_bayes,
    KNeighborsClassifier: nearest,
    RadiusNeighborsClassifier: within_radius,
    DummyClassifier: dummy,
    BoostedTrees: boosted_trees,
}
$python$;
COMMENT ON FUNCTION churn_runtime.compile_classifiers IS 'Fitted classifiers as parts that compute probabilities or decision values.';
