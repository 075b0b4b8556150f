"""What a pickle may hold: one row for each name that it may mention.

The strict loader, the checks and the documentation derive from this table. To permit
one more estimator, add its row here and a pipeline with it to ``tests/legitimate``;
write a check in ``estimator_checks`` where its compiled code trusts what fitting wrote.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from .balanced_pipelines import set_pipeline
from .booster_checks import BOOSTED_TREES, check_boosted_trees, set_boosted_trees
from .chosen_columns import set_column_transformer
from .column_checks import COLUMN_STEPS, check_column_steps, set_column_steps
from .estimator_checks import (
    BIN_MAPPER,
    COLUMN_TRANSFORMER,
    FUNCTION_TRANSFORMER,
    ORDINAL_ENCODER,
    PREDICTOR,
    check_categories,
    check_decision_tree,
    check_forest,
    check_function_transformer,
    check_gradient_boosting,
    check_hist_gradient_boosting,
    check_importance_getter,
    check_imputer,
    check_one_hot_encoder,
    check_polynomial,
    check_splines,
    check_stacking,
)
from .form_functions import FUNCTIONS
from .iterative_checks import check_iterative_imputer
from .neighbour_checks import check_donors, check_neighbours
from .pickle_trees import (
    BALL_TREE,
    DISTANCES,
    KD_TREE,
    make_distance,
    make_point_tree,
    set_distance,
    set_point_tree,
)
from .pickle_values import (
    CHECK_ARRAY,
    ESTIMATE,
    SEED_SEQUENCE,
    SPLINE,
    SPLINE_ARRAYS,
    SPLINE_PART,
    TREE,
    make_array,
    make_bit_generator,
    make_checker,
    make_dtype,
    make_empty_array,
    make_estimate,
    make_generator,
    make_hinge,
    make_scalar,
    make_seed_sequence,
    make_slice,
    make_tree,
    make_without_arguments,
    set_array,
    set_attributes,
    set_bit_generator,
    set_calibration,
    set_checker,
    set_dtype,
    set_predictor,
    set_random_state,
    set_seed_sequence,
    set_spline,
    set_spline_part,
    set_tree,
)
from .searches import SEARCHES, check_search, set_search

# How the documentation calls what a user may put into a pipeline.
CLASSIFIERS = "Classifiers"
PREPROCESSING = "Preprocessing"
CALIBRATED = "Within a calibrated classifier"
LINEAR = "Within a selector of columns or an IterativeImputer"

SCORED_SELECTORS = (
    "sklearn.feature_selection._univariate_selection.GenericUnivariateSelect",
    "sklearn.feature_selection._univariate_selection.SelectFdr",
    "sklearn.feature_selection._univariate_selection.SelectFpr",
    "sklearn.feature_selection._univariate_selection.SelectFwe",
    "sklearn.feature_selection._univariate_selection.SelectKBest",
    "sklearn.feature_selection._univariate_selection.SelectPercentile",
)
# Whose coefficients a selector may go by, beside the classifiers, and what fills gaps.
LINEAR_REGRESSORS = (
    "sklearn.linear_model._base.LinearRegression",
    "sklearn.linear_model._bayes.BayesianRidge",
    "sklearn.linear_model._coordinate_descent.ElasticNet",
    "sklearn.linear_model._coordinate_descent.ElasticNetCV",
    "sklearn.linear_model._coordinate_descent.Lasso",
    "sklearn.linear_model._coordinate_descent.LassoCV",
    "sklearn.linear_model._ridge.Ridge",
)


class Permitted(NamedTuple):
    """A name that a pickle may mention, and what may be done with it."""

    # As the pickler writes it, module first.
    name: str
    # Whether the pickle may hold it outermost: a classifier with ``predict_proba``.
    scores: bool = False
    # Refuses an instance whose attributes do not fit one another.
    check: Callable[[Any], None] | None = None
    # Does the call that the pickler writes; without it the class is made empty.
    make: Callable[..., Any] | None = None
    # The class of what ``make`` returns, where it is another one.
    makes: str | None = None
    # Gives an instance its state; by default plain attributes.
    state: Callable[[Any, Any], None] | None = None
    # Whether it is a named tuple, which the pickler writes by another opcode.
    named_tuple: bool = False
    # Whether it only occurs as an argument of another call.
    argument: bool = False
    # Whether it is a type that an encoder or a selector keeps as a parameter.
    as_is: bool = False
    # Whether it is a function that a FunctionTransformer may apply.
    function: bool = False
    # Where the documentation lists it, if it does.
    group: str | None = None


ROWS = (
    Permitted("builtins.bool", as_is=True),
    Permitted("builtins.float", as_is=True),
    Permitted("builtins.int", as_is=True),
    Permitted("builtins.object", as_is=True),
    Permitted("builtins.slice", make=make_slice),
    Permitted("builtins.str", as_is=True),
    Permitted("functools.partial", make=make_checker, state=set_checker),
    Permitted("numpy.bool", as_is=True),
    *(Permitted(f"numpy.{name}", function=True) for name in FUNCTIONS),
    Permitted("numpy.dtype", make=make_dtype, state=set_dtype),
    Permitted("numpy.float32", as_is=True),
    Permitted("numpy.float64", as_is=True),
    Permitted("numpy.floating", as_is=True),
    Permitted("numpy.int16", as_is=True),
    Permitted("numpy.int32", as_is=True),
    Permitted("numpy.int64", as_is=True),
    Permitted("numpy.int8", as_is=True),
    Permitted("numpy.integer", as_is=True),
    Permitted("numpy.ndarray", argument=True, state=set_array),
    Permitted("numpy.number", as_is=True),
    Permitted("numpy.object_", as_is=True),
    Permitted("numpy.uint16", as_is=True),
    Permitted("numpy.uint32", as_is=True),
    Permitted("numpy.uint64", as_is=True),
    Permitted("numpy.uint8", as_is=True),
    Permitted("numpy._core.multiarray._reconstruct", make=make_empty_array),
    Permitted("numpy._core.multiarray.scalar", make=make_scalar),
    Permitted("numpy._core.numeric._frombuffer", make=make_array),
    Permitted("numpy.random._mt19937.MT19937", argument=True, state=set_bit_generator),
    Permitted("numpy.random._pcg64.PCG64", argument=True, state=set_bit_generator),
    Permitted("numpy.random._pickle.__bit_generator_ctor", make=make_bit_generator),
    Permitted("numpy.random._pickle.__generator_ctor", make=make_generator),
    Permitted(
        "numpy.random._pickle.__randomstate_ctor",
        make=make_generator,
        makes="numpy.random.mtrand.RandomState",
        state=set_random_state,
    ),
    Permitted(SEED_SEQUENCE, argument=True, state=set_seed_sequence),
    Permitted(
        "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
        make=make_seed_sequence,
    ),
    Permitted(
        BOOSTED_TREES,
        scores=True,
        check=check_boosted_trees,
        state=set_boosted_trees,
    ),
    Permitted(COLUMN_STEPS, check=check_column_steps, state=set_column_steps),
    Permitted(SPLINE_ARRAYS, argument=True),
    Permitted(SPLINE, state=set_spline),
    Permitted(SPLINE_PART, state=set_spline_part),
    Permitted("sklearn._loss._loss.CyExponentialLoss", make=make_without_arguments),
    Permitted("sklearn._loss._loss.CyHalfBinomialLoss", make=make_without_arguments),
    Permitted("sklearn._loss.link.HalfLogitLink"),
    Permitted("sklearn._loss.link.Interval"),
    Permitted("sklearn._loss.link.LogitLink"),
    Permitted("sklearn._loss.loss.ExponentialLoss"),
    Permitted("sklearn._loss.loss.HalfBinomialLoss"),
    Permitted("sklearn.calibration.CalibratedClassifierCV", scores=True),
    Permitted("sklearn.calibration._CalibratedClassifier"),
    Permitted("sklearn.calibration._SigmoidCalibration"),
    Permitted("sklearn.calibration._TemperatureScaling"),
    Permitted(COLUMN_TRANSFORMER, state=set_column_transformer, group=PREPROCESSING),
    Permitted(
        "sklearn.compose._column_transformer.make_column_selector", group=PREPROCESSING
    ),
    Permitted("sklearn.decomposition._pca.PCA", group=PREPROCESSING),
    Permitted("sklearn.decomposition._truncated_svd.TruncatedSVD", group=PREPROCESSING),
    Permitted("sklearn.discriminant_analysis.LinearDiscriminantAnalysis", scores=True),
    Permitted(
        "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis", scores=True
    ),
    Permitted("sklearn.dummy.DummyClassifier", scores=True),
    Permitted("sklearn.ensemble._bagging.BaggingClassifier", scores=True),
    Permitted(
        "sklearn.ensemble._forest.ExtraTreesClassifier", scores=True, check=check_forest
    ),
    Permitted(
        "sklearn.ensemble._forest.RandomForestClassifier",
        scores=True,
        check=check_forest,
    ),
    Permitted(
        "sklearn.ensemble._gb.GradientBoostingClassifier",
        scores=True,
        check=check_gradient_boosting,
    ),
    Permitted(BIN_MAPPER),
    Permitted(
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting"
        ".HistGradientBoostingClassifier",
        scores=True,
        check=check_hist_gradient_boosting,
    ),
    Permitted(PREDICTOR, state=set_predictor),
    Permitted(
        "sklearn.ensemble._stacking.StackingClassifier",
        scores=True,
        check=check_stacking,
    ),
    Permitted("sklearn.ensemble._voting.VotingClassifier", scores=True),
    Permitted("sklearn.ensemble._weight_boosting.AdaBoostClassifier", scores=True),
    Permitted(
        "sklearn.feature_selection._from_model.SelectFromModel",
        check=check_importance_getter,
        group=PREPROCESSING,
    ),
    Permitted("sklearn.feature_selection._rfe.RFE", group=PREPROCESSING),
    Permitted("sklearn.feature_selection._rfe.RFECV", group=PREPROCESSING),
    Permitted(
        "sklearn.feature_selection._sequential.SequentialFeatureSelector",
        group=PREPROCESSING,
    ),
    *(Permitted(name, group=PREPROCESSING) for name in SCORED_SELECTORS),
    Permitted(
        "sklearn.feature_selection._variance_threshold.VarianceThreshold",
        group=PREPROCESSING,
    ),
    Permitted("sklearn.frozen._frozen.FrozenEstimator", scores=True),
    Permitted(
        "sklearn.impute._base.MissingIndicator",
        check=check_imputer,
        group=PREPROCESSING,
    ),
    Permitted(
        "sklearn.impute._iterative.IterativeImputer",
        check=check_iterative_imputer,
        group=PREPROCESSING,
    ),
    Permitted(ESTIMATE, make=make_estimate, named_tuple=True),
    Permitted(
        "sklearn.impute._knn.KNNImputer", check=check_donors, group=PREPROCESSING
    ),
    Permitted(
        "sklearn.impute._base.SimpleImputer", check=check_imputer, group=PREPROCESSING
    ),
    Permitted("sklearn.isotonic.IsotonicRegression", state=set_calibration),
    *(Permitted(name, group=LINEAR) for name in LINEAR_REGRESSORS),
    Permitted("sklearn.linear_model._logistic.LogisticRegression", scores=True),
    Permitted("sklearn.linear_model._logistic.LogisticRegressionCV", scores=True),
    Permitted("sklearn.linear_model._sgd_fast.Hinge", make=make_hinge),
    Permitted(
        "sklearn.linear_model._sgd_fast.ModifiedHuber", make=make_without_arguments
    ),
    Permitted("sklearn.linear_model._stochastic_gradient.SGDClassifier", scores=True),
    *(Permitted(name, argument=True, state=set_distance) for name in DISTANCES),
    Permitted("sklearn.metrics._dist_metrics.newObj", make=make_distance),
    *(
        Permitted(name, scores=True, check=check_search, state=set_search)
        for name in SEARCHES
    ),
    Permitted("sklearn.naive_bayes.BernoulliNB", scores=True),
    Permitted("sklearn.naive_bayes.CategoricalNB", scores=True),
    Permitted("sklearn.naive_bayes.ComplementNB", scores=True),
    Permitted("sklearn.naive_bayes.GaussianNB", scores=True),
    Permitted("sklearn.naive_bayes.MultinomialNB", scores=True),
    Permitted(BALL_TREE, argument=True, state=set_point_tree),
    Permitted("sklearn.neighbors._ball_tree.newObj", make=make_point_tree),
    Permitted(
        "sklearn.neighbors._classification.KNeighborsClassifier",
        scores=True,
        check=check_neighbours,
    ),
    Permitted(
        "sklearn.neighbors._classification.RadiusNeighborsClassifier",
        scores=True,
        check=check_neighbours,
    ),
    Permitted(KD_TREE, argument=True, state=set_point_tree),
    Permitted("sklearn.neighbors._kd_tree.newObj", make=make_point_tree),
    Permitted(
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier", scores=True
    ),
    Permitted("sklearn.neural_network._stochastic_optimizers.AdamOptimizer"),
    Permitted("sklearn.neural_network._stochastic_optimizers.SGDOptimizer"),
    Permitted("sklearn.pipeline.FeatureUnion", group=PREPROCESSING),
    Permitted("sklearn.pipeline.Pipeline", scores=True, state=set_pipeline),
    Permitted("sklearn.preprocessing._data.Binarizer", group=PREPROCESSING),
    Permitted("sklearn.preprocessing._data.MaxAbsScaler", group=PREPROCESSING),
    Permitted("sklearn.preprocessing._data.MinMaxScaler", group=PREPROCESSING),
    Permitted("sklearn.preprocessing._data.Normalizer", group=PREPROCESSING),
    Permitted("sklearn.preprocessing._data.PowerTransformer", group=PREPROCESSING),
    Permitted("sklearn.preprocessing._data.QuantileTransformer", group=PREPROCESSING),
    Permitted("sklearn.preprocessing._data.RobustScaler", group=PREPROCESSING),
    Permitted("sklearn.preprocessing._data.StandardScaler", group=PREPROCESSING),
    Permitted(
        "sklearn.preprocessing._discretization.KBinsDiscretizer", group=PREPROCESSING
    ),
    Permitted(
        "sklearn.preprocessing._encoders.OneHotEncoder",
        check=check_one_hot_encoder,
        group=PREPROCESSING,
    ),
    Permitted(ORDINAL_ENCODER, check=check_categories, group=PREPROCESSING),
    # Of those functions, and what scikit-learn makes for itself.
    Permitted(
        FUNCTION_TRANSFORMER, check=check_function_transformer, group=PREPROCESSING
    ),
    Permitted("sklearn.preprocessing._label.LabelBinarizer"),
    Permitted("sklearn.preprocessing._label.LabelEncoder"),
    Permitted(
        "sklearn.preprocessing._polynomial.PolynomialFeatures",
        check=check_polynomial,
        group=PREPROCESSING,
    ),
    Permitted(
        "sklearn.preprocessing._polynomial.SplineTransformer",
        check=check_splines,
        group=PREPROCESSING,
    ),
    Permitted(
        "sklearn.preprocessing._target_encoder.TargetEncoder",
        check=check_categories,
        group=PREPROCESSING,
    ),
    Permitted("sklearn.svm._classes.LinearSVC", group=CALIBRATED),
    Permitted(
        "sklearn.tree._classes.DecisionTreeClassifier",
        scores=True,
        check=check_decision_tree,
    ),
    Permitted("sklearn.tree._classes.DecisionTreeRegressor", check=check_decision_tree),
    Permitted(
        "sklearn.tree._classes.ExtraTreeClassifier",
        scores=True,
        check=check_decision_tree,
    ),
    Permitted(TREE, make=make_tree, state=set_tree),
    Permitted("sklearn.utils._bunch.Bunch"),
    Permitted(CHECK_ARRAY, argument=True),
)

# Some rows are of several names, which belong elsewhere in the order of modules.
PERMITTED = tuple(sorted(ROWS, key=lambda one: one.name.rsplit(".", 1)))
# By module and name: which of the dots separates the two matters.
BY_NAME = {
    (module, name): one
    for one in PERMITTED
    for module, _, name in [one.name.rpartition(".")]
}
# By class, as ``class_name`` gives it.
STATES = {one.makes or one.name: one.state for one in PERMITTED if one.state}
CHECKS = {one.name: one.check for one in PERMITTED if one.check}
SCORING = frozenset(one.name for one in PERMITTED if one.scores)


def state_setter(name: str) -> Callable[[Any, Any], None]:
    """Return the function that gives an instance of a class its state."""
    return STATES.get(name, set_attributes)
