"""Compiled forms against scikit-learn itself, on rows that are hard to get right."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pgchurn.loader.models.algorithms import ALGORITHMS
from pgchurn.loader.models.pipelines import build_pipeline
from pgchurn.plpython.runtime import compile_model as compile_module
from pgchurn.plpython.runtime.batches import checked_probabilities
from pgchurn.plpython.runtime.boundary_rows import boundary_rows, tree_thresholds
from pgchurn.plpython.runtime.compile_columns import NotCompilable
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.form import MAGIC
from pgchurn.plpython.runtime.parity import compare_forms
from pgchurn.plpython.runtime.pickled import PickledModel
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
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
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from tests import legitimate
from tests.compiling import (
    BOOLEANS,
    COLUMNS,
    COMPLETE,
    FRAME,
    KINDS,
    LABELS,
    NAN,
    NUMBERS,
    TEXTS,
    TOLERANCE,
    assert_same,
    both_forms,
    columns_of,
    kind_of,
    objects,
    row_scores,
    signature_of,
    training,
)

DENORMAL = 5e-324
EXTREMES = [0.0, -0.0, 0.5, 1.0, -1.0, 1e30, -1e30, DENORMAL, -DENORMAL, 2e-308, 1e-40]


def changed_rows(frame, changes, seed=0):
    """Return rows of a frame, each with one feature given another value."""
    rng = np.random.default_rng(seed)
    names = [name for name, values in changes.items() for _ in values]
    rows = frame.iloc[rng.integers(0, len(frame), len(names))].reset_index(drop=True)
    for name, values in changes.items():
        here = [i for i, one in enumerate(names) if one == name]
        rows.loc[here, name] = objects(values).astype(rows[name].dtype).to_numpy()
    return rows


def hard_rows(frame, thresholds=None, nulls=True):
    """Return random rows, nulls, extremes, unseen categories and tree thresholds."""
    fresh = training(200, seed=7, missing=0.2 if nulls else 0.0)[0][list(frame)]
    changes = {}
    for name in frame:
        if kind_of(name) == "text":
            values = ["unseen", "", "None", "Ünïcødé – €", "month ", "MONTH"]
        else:
            values = [*EXTREMES, *beside((thresholds or {}).get(name, []))]
        changes[name] = [NAN, *values] if nulls else values
    rows = [frame, fresh, changed_rows(frame, changes)]
    if nulls:
        rows.append(pd.DataFrame(dict.fromkeys(frame, [NAN])).astype(frame.dtypes))
    return pd.concat(rows, ignore_index=True)


def beside(values):
    """Return values, one double to each side, and the same rounded to single."""
    values = np.unique(values)
    values = values[np.isfinite(values)]
    values = values[:: max(1, len(values) // 60)]
    single = values.astype(np.float32).astype(float)
    around = [
        np.concatenate([v, np.nextafter(v, np.inf), np.nextafter(v, -np.inf)])
        for v in (values, single)
    ]
    return np.unique(np.concatenate(around))


def fitted_trees(estimator):
    """Return the trees within a fitted classifier as (features, thresholds)."""
    if isinstance(estimator, CalibratedClassifierCV):
        members = [one.estimator for one in estimator.calibrated_classifiers_]
        return [tree for member in members for tree in fitted_trees(member)]
    if isinstance(estimator, FrozenEstimator):
        return fitted_trees(estimator.estimator)
    if hasattr(estimator, "steps"):
        return fitted_trees(estimator.steps[-1][1])
    if isinstance(estimator, HistGradientBoostingClassifier):
        nodes = [one.nodes for (one,) in estimator._predictors]
        nodes = [one[one["is_leaf"] == 0] for one in nodes]
        return [(one["feature_idx"], one["num_threshold"]) for one in nodes]
    if hasattr(estimator, "tree_"):
        tree = estimator.tree_
        inner = tree.children_left >= 0
        return [(tree.feature[inner], tree.threshold[inner])]
    members = np.ravel(getattr(estimator, "estimators_", []))
    return [tree for member in members for tree in fitted_trees(member)]


def thresholds_by_output(estimator):
    """Return scikit-learn's thresholds by column of what its trees are given."""
    found = {}
    for features, thresholds in fitted_trees(estimator):
        for feature, threshold in zip(features, thresholds):
            found.setdefault(int(feature), []).append(float(threshold))
    return found


def raw_thresholds(estimator, kinds):
    """Return thresholds by raw feature: the compiled form's and scikit-learn's own.

    Scikit-learn's are those of numbers that come out first and in the order of
    NUMBERS, taken back through the scaler.
    """
    features = [name for name, kind in kinds.items() if kind != "text"]
    signature = signature_of(kinds)
    form = CompiledModel(compile_model(estimator, signature), signature)
    compiled = tree_thresholds(form)
    found = {features[i]: list(v) for i, v in compiled.items() if i < len(features)}
    if not hasattr(estimator, "named_steps"):
        return found
    prepared = estimator.steps[0][1]
    if not isinstance(prepared, ColumnTransformer):
        return found
    branch = prepared.transformers_[0][1]
    for position, values in thresholds_by_output(estimator).items():
        if position >= len(NUMBERS):
            continue
        matrix = np.zeros((len(values), len(NUMBERS)))
        matrix[:, position] = np.nan_to_num(values)
        for step in reversed(getattr(branch, "named_steps", {}).values()):
            if hasattr(step, "inverse_transform") and not hasattr(step, "statistics_"):
                matrix = step.inverse_transform(matrix)
        found.setdefault(NUMBERS[position], []).extend(matrix[:, position])
    return found


def fit(classifier, features, frame=FRAME, labels=LABELS):
    """Return a pipeline fitted on the made-up frame."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(features, clone(classifier)).fit(frame, labels)


def one_hot(**options):
    """Return the encoder that most people write."""
    options = {"handle_unknown": "ignore", "sparse_output": False, **options}
    return OneHotEncoder(**options)


def features(numbers, texts, **options):
    """Return a column transformer for the made-up frame, numbers first."""
    given = [("numbers", numbers, NUMBERS), ("texts", texts, TEXTS)]
    options = {"remainder": "passthrough", **options}
    booleans = ("booleans", SimpleImputer(strategy="most_frequent"), BOOLEANS)
    return ColumnTransformer([*given, booleans], **options)


def calibrated(classifier, method):
    """Return a classifier calibrated in two folds."""
    return CalibratedClassifierCV(classifier, method=method, cv=2)


FAMILIES = {
    "logistic lbfgs": LogisticRegression(max_iter=300),
    "logistic liblinear": LogisticRegression(solver="liblinear"),
    "sgd": SGDClassifier(loss="log_loss", random_state=0),
    "forest": RandomForestClassifier(8, max_depth=6, random_state=0),
    # As deep as the strict loader lets trees be.
    "deep forest": RandomForestClassifier(5, max_depth=64, random_state=0),
    "extra trees": ExtraTreesClassifier(5, random_state=0),
    "tree": DecisionTreeClassifier(random_state=0),
    "gradient boosting": GradientBoostingClassifier(n_estimators=15, random_state=0),
    "hist": HistGradientBoostingClassifier(max_iter=15, random_state=0),
    "sigmoid svc": calibrated(LinearSVC(), "sigmoid"),
    "sigmoid forest": calibrated(RandomForestClassifier(5, random_state=0), "sigmoid"),
    "isotonic logistic": calibrated(LogisticRegression(max_iter=300), "isotonic"),
    "isotonic forest": calibrated(
        RandomForestClassifier(5, max_depth=4, random_state=0), "isotonic"
    ),
    "isotonic hist": calibrated(
        HistGradientBoostingClassifier(max_iter=8, random_state=0), "isotonic"
    ),
    "sigmoid gradient boosting": calibrated(
        GradientBoostingClassifier(n_estimators=8, random_state=0), "sigmoid"
    ),
}
# One of each way in which preprocessing is folded into the classifier.
REPRESENTATIVES = ("logistic lbfgs", "deep forest", "hist", "isotonic forest")
TAKES_NAN = ("forest", "deep forest", "extra trees", "tree", "hist")

MOST_FREQUENT = SimpleImputer(strategy="most_frequent")
USES_MINUS_ONE = OrdinalEncoder(
    handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
)
PREPROCESSING = {
    "mean": features(SimpleImputer(), one_hot()),
    "median, standard": features(
        make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
        make_pipeline(MOST_FREQUENT, one_hot()),
    ),
    "constant, min-max": features(
        make_pipeline(
            SimpleImputer(strategy="constant", fill_value=7.5), MinMaxScaler()
        ),
        make_pipeline(
            SimpleImputer(strategy="constant", fill_value="none"),
            one_hot(drop="first"),
        ),
    ),
    "most frequent, max-abs": features(
        make_pipeline(MOST_FREQUENT, MaxAbsScaler()), one_hot(drop="if_binary")
    ),
    "robust, then imputed": features(
        make_pipeline(RobustScaler(), SimpleImputer(strategy="median")), USES_MINUS_ONE
    ),
    "scaled without a mean": features(
        make_pipeline(SimpleImputer(), StandardScaler(with_mean=False)), one_hot()
    ),
    "scaled without a deviation": features(
        make_pipeline(SimpleImputer(), StandardScaler(with_std=False)), one_hot()
    ),
    "robust without centre": features(
        make_pipeline(SimpleImputer(), RobustScaler(with_centering=False)), one_hot()
    ),
    "scaled twice": features(
        make_pipeline(SimpleImputer(), MinMaxScaler((-3, 11)), StandardScaler()),
        make_pipeline(one_hot(), StandardScaler()),
    ),
    "nested": make_pipeline(
        features(
            make_pipeline(
                make_pipeline(SimpleImputer()), "passthrough", MinMaxScaler()
            ),
            make_pipeline(make_pipeline(MOST_FREQUENT), make_pipeline(one_hot())),
        ),
        "passthrough",
        MaxAbsScaler(),
    ),
    "everything scaled": make_pipeline(
        features(SimpleImputer(), one_hot()), StandardScaler(with_mean=False)
    ),
    "numbers as categories": ColumnTransformer(
        [
            ("numbers", SimpleImputer(), NUMBERS[:3]),
            ("few", make_pipeline(MOST_FREQUENT, one_hot()), ["calls", "paperless"]),
            ("texts", one_hot(), TEXTS),
        ]
    ),
    "a text in two encodings": ColumnTransformer(
        [
            ("numbers", SimpleImputer(), NUMBERS),
            ("once", one_hot(), TEXTS),
            ("twice", one_hot(drop="first"), ["contract"]),
        ]
    ),
    "dropped columns": ColumnTransformer(
        [
            ("numbers", SimpleImputer(), ["usage", "age"]),
            ("texts", one_hot(), ["channel"]),
            ("none", "drop", ["calls"]),
        ]
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("preprocessing", ["mean", "median, standard"])
def test_every_family_is_compiled_decision_for_decision(family, preprocessing):
    model = fit(FAMILIES[family], PREPROCESSING[preprocessing])
    thresholds = raw_thresholds(model, {name: kind_of(name) for name in COLUMNS})

    assert_same(model, hard_rows(FRAME, thresholds))


@pytest.mark.parametrize("family", REPRESENTATIVES)
@pytest.mark.parametrize("preprocessing", [*PREPROCESSING][2:])
def test_every_preprocessing_is_folded_in(family, preprocessing):
    model = fit(FAMILIES[family], PREPROCESSING[preprocessing])
    thresholds = raw_thresholds(model, {name: kind_of(name) for name in COLUMNS})

    assert_same(model, hard_rows(FRAME, thresholds))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_that_the_loader_trains_is_compiled(algorithm):
    model = build_pipeline(algorithm, KINDS).fit(FRAME, LABELS)

    assert_same(model, hard_rows(FRAME))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("positive_class", [0, 1])
def test_either_class_can_be_the_positive_one(family, positive_class):
    model = fit(FAMILIES[family], PREPROCESSING["mean"])

    assert_same(model, hard_rows(FRAME), positive_class=positive_class)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_matrix_without_names_is_compiled(family):
    names = [*NUMBERS, *BOOLEANS]
    model = fit(
        FAMILIES[family],
        make_pipeline(SimpleImputer(), StandardScaler()),
        FRAME[names].to_numpy(),
    )

    assert_same(model, hard_rows(FRAME[names]), named=False)


@pytest.mark.parametrize("family", [*TAKES_NAN, "isotonic hist"])
def test_missing_numbers_go_their_own_way(family):
    names = [*NUMBERS, *BOOLEANS]
    model = clone(FAMILIES[family]).fit(FRAME[names], LABELS)
    kinds = dict.fromkeys(names, "number")

    assert_same(model, hard_rows(FRAME[names], raw_thresholds(model, kinds)))


@pytest.mark.parametrize("family", TAKES_NAN)
def test_numbers_that_were_never_missing_in_training_may_be_so_now(family):
    names = [*NUMBERS, *BOOLEANS]
    model = clone(FAMILIES[family]).fit(COMPLETE[names], LABELS)

    assert_same(model, hard_rows(FRAME[names]))


@pytest.mark.parametrize("family", [*TAKES_NAN, "isotonic hist"])
def test_missing_itself_can_be_what_tells(family):
    rng = np.random.default_rng(3)
    missing = rng.random(400) < 0.4
    frame = pd.DataFrame({"age": np.where(missing, NAN, rng.normal(size=400))})
    labels = (missing ^ (rng.random(400) < 0.1)).astype(int)
    model = clone(FAMILIES[family]).fit(frame, labels)

    assert_same(model, changed_rows(frame, {"age": [NAN, *EXTREMES]}))


@pytest.mark.parametrize("family", REPRESENTATIVES)
def test_what_remains_is_passed_through(family):
    model = fit(
        FAMILIES[family],
        ColumnTransformer([("texts", one_hot(), TEXTS)], remainder="passthrough"),
        COMPLETE,
    )

    assert_same(model, hard_rows(COMPLETE, nulls=False))


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_alone_are_enough(family):
    model = fit(FAMILIES[family], one_hot(), FRAME[TEXTS])

    assert_same(model, hard_rows(FRAME[TEXTS]))


@pytest.mark.parametrize("family", REPRESENTATIVES)
def test_a_number_that_is_dropped_may_be_missing(family):
    chosen = ColumnTransformer([("texts", one_hot(), TEXTS)])
    model = fit(FAMILIES[family], chosen)

    assert_same(model, hard_rows(FRAME))


@pytest.mark.parametrize("family", REPRESENTATIVES)
def test_a_number_that_is_a_category_may_be_missing(family):
    few = ["calls", "paperless"]
    model = fit(FAMILIES[family], make_pipeline(MOST_FREQUENT, one_hot()), FRAME[few])

    assert_same(model, hard_rows(FRAME[few]))


@pytest.mark.parametrize("family", REPRESENTATIVES)
def test_a_branch_without_columns_changes_nothing(family):
    chosen = ColumnTransformer(
        [
            ("numbers", SimpleImputer(), NUMBERS),
            ("texts", one_hot(), []),
            ("others", make_pipeline(SimpleImputer(), StandardScaler()), []),
        ]
    )
    model = fit(FAMILIES[family], chosen)

    assert_same(model, hard_rows(FRAME))


@pytest.mark.parametrize("family", REPRESENTATIVES)
def test_a_column_that_was_all_missing_is_filled(family):
    frame = FRAME.assign(usage=NAN)
    imputer = SimpleImputer(keep_empty_features=True)
    model = fit(FAMILIES[family], features(imputer, one_hot()), frame)

    assert_same(model, hard_rows(FRAME))


@pytest.mark.parametrize("family", REPRESENTATIVES)
def test_a_number_far_from_zero_is_scaled_without_loss(family):
    frame = FRAME.assign(charges=1.7e9 + 1e5 * FRAME["charges"])
    model = fit(FAMILIES[family], PREPROCESSING["median, standard"], frame)

    assert_same(model, frame)


def text_model(family, categories, encoder=None, rows=400):
    """Return a classifier of one text, and the frame that it was fitted on."""
    rng = np.random.default_rng(5)
    codes = rng.integers(0, len(categories), rows)
    values = np.array(categories, dtype=object)[codes]
    labels = (rng.random(rows) < 0.15 + 0.7 * (codes % 2)).astype(int)
    frame = texts(*values)
    return fit(FAMILIES[family], encoder or one_hot(), frame, labels), frame


def texts(*values):
    """Return a frame of one text."""
    return pd.DataFrame({"contract": objects(values)})


@pytest.mark.parametrize("family", REPRESENTATIVES)
@pytest.mark.parametrize(
    "categories",
    [
        ["a", "nan"],
        ["a", NAN],
        ["a", "nan", NAN],
        ["a", "nan", "b", NAN, "c"],
        ["", "a"],
        ["", "a", NAN],
        ["é", "é", "€", "日本", "😀", "a\tb\\n\"'"],
        [f"category {i}" for i in range(30)],
        ["a", None],
        ["a", None, NAN],
    ],
    ids=repr,
)
@pytest.mark.parametrize("encoder", [one_hot(), USES_MINUS_ONE], ids=["hot", "ordinal"])
def test_texts_of_any_spelling_are_coded(family, categories, encoder):
    try:
        model, _ = text_model(family, categories, encoder)
        known = [value for value in categories if isinstance(value, str)]
        rows = texts("a", "nan", "", NAN, "unseen", "None", *known)
        model.predict_proba(rows)
    except (TypeError, ValueError):
        pytest.skip("scikit-learn does not take it")
    try:
        compile_model(model, signature_of({"contract": "text"}))
    except NotCompilable:
        return

    assert_same(model, rows)


@pytest.mark.parametrize(
    "family",
    [
        *(family for family in REPRESENTATIVES if family != "deep forest"),
        pytest.param(
            "deep forest",
            marks=pytest.mark.slow(reason="compiles trees of a thousand leaves"),
        ),
    ],
)
@pytest.mark.parametrize("encoder", [one_hot(), USES_MINUS_ONE], ids=["hot", "ordinal"])
def test_a_thousand_categories_are_coded(family, encoder):
    categories = [f"category {i}" for i in range(1000)]
    model, frame = text_model(family, categories, encoder, rows=3000)

    assert_same(model, texts(*categories, "unseen", NAN, "category 1000"))


@pytest.mark.parametrize("family", REPRESENTATIVES)
def test_a_text_is_no_number_of_the_same_digits(family):
    model, _ = text_model(family, [1, 2, 3])
    rows = texts("1", "2", "3", "4")
    try:
        compile_model(model, signature_of({"contract": "text"}))
    except NotCompilable:
        return

    assert_same(model, rows)


@pytest.mark.parametrize("family", REPRESENTATIVES)
def test_the_first_of_two_imputers_counts(family):
    imputers = [
        SimpleImputer(strategy="constant", fill_value=""),
        SimpleImputer(strategy="constant", fill_value="a"),
    ]
    model, _ = text_model(
        family, ["", "a", "b", NAN], make_pipeline(*imputers, one_hot())
    )

    assert_same(model, texts("a", "b", "", NAN, "unseen"))


def codes_frame(rows=400):
    """Return numbers that are few, and labels that depend on them."""
    rng = np.random.default_rng(6)
    values = rng.integers(0, 5, rows).astype(float)
    labels = (rng.random(rows) < 0.1 + 0.2 * values).astype(int)
    return pd.DataFrame({"calls": values}), labels


@pytest.mark.parametrize("family", [*REPRESENTATIVES, "forest", "gradient boosting"])
@pytest.mark.parametrize(
    "encoder",
    [
        USES_MINUS_ONE,
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=99),
        one_hot(),
        one_hot(drop="first"),
    ],
    ids=["-1", "99", "hot", "dropped"],
)
def test_numbers_between_and_beyond_encoded_numbers_are_unknown(family, encoder):
    frame, labels = codes_frame()
    model = fit(FAMILIES[family], encoder, frame, labels)
    values = [-0.0, -1.0, 0.5, 1.0, 2.5, 3.0, 4.0, 5.0, 7.0, 1e30]
    kinds = {"calls": "number"}
    assert_same(model, pd.DataFrame({"calls": values}), kinds)


def test_a_tree_that_is_too_deep_is_refused_without_recursion():
    depth = 1500
    frame = pd.DataFrame({"age": np.arange(float(depth))})
    # What weighs most is parted first, one row after the other.
    weights = 1e6 / (1.0 + np.arange(depth)) ** 4
    tree = DecisionTreeClassifier(random_state=0)
    tree.fit(frame, np.arange(depth) % 2, sample_weight=weights)
    assert tree.get_depth() > 1000

    assert "deeper than 64" in not_compilable(tree, frame)


SINGLE_LEAVES = {
    "tree": DecisionTreeClassifier(max_depth=3, min_samples_leaf=200),
    "forest": RandomForestClassifier(3, min_samples_leaf=200),
    "extra trees": ExtraTreesClassifier(3, min_samples_leaf=200),
    "hist": HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=200),
    "gradient boosting": GradientBoostingClassifier(
        n_estimators=3, min_samples_leaf=200
    ),
    "sigmoid": calibrated(DecisionTreeClassifier(min_samples_leaf=200), "sigmoid"),
    "isotonic": calibrated(
        HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=200), "isotonic"
    ),
}


@pytest.mark.parametrize("family", SINGLE_LEAVES)
@pytest.mark.parametrize("positive_class", [0, 1])
def test_trees_of_a_single_leaf_score_every_row(family, positive_class):
    model = fit(SINGLE_LEAVES[family], PREPROCESSING["mean"])

    assert_same(model, FRAME, positive_class=positive_class)


def test_a_tree_that_never_splits_among_others_that_do():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.normal(size=30)})
    labels = np.array([1] + [0] * 29)
    model = RandomForestClassifier(20, random_state=0).fit(frame, labels)
    assert any(member.tree_.node_count == 1 for member in model.estimators_)

    assert_same(model, frame)


@pytest.mark.parametrize("positive_class", [0, 1])
def test_a_forest_that_is_certain_stays_within_0_and_1(positive_class):
    frame = pd.DataFrame({"age": np.arange(100.0)})
    labels = (np.arange(100) >= 50).astype(int)
    model = RandomForestClassifier(7, random_state=0).fit(frame, labels)
    _, compiled = both_forms(model, {"age": "number"}, positive_class=positive_class)
    found = compiled.probabilities(columns_of(frame))

    assert_same(model, frame, positive_class=positive_class)
    assert 0.0 <= found.min() < 1e-15
    assert 1.0 >= found.max() > 1 - 1e-15


@pytest.mark.parametrize("scale", [1e-5, 1e-3, 1 / 3, 1e7, 1e30])
@pytest.mark.parametrize("family", ["deep forest", "hist", "extra trees"])
def test_thresholds_are_exact_on_any_scale(family, scale):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"age": rng.normal(size=200) * scale})
    model = fit(
        FAMILIES[family],
        make_pipeline(SimpleImputer(), RobustScaler()),
        frame,
        rng.integers(0, 2, 200),
    )
    kinds = {"age": "number"}

    thresholds = raw_thresholds(model, kinds)["age"]
    assert_same(model, changed_rows(frame, {"age": beside(thresholds)}))


@given(
    seed=st.integers(0, 10_000),
    depth=st.integers(1, 8),
    decimals=st.integers(0, 8),
    family=st.sampled_from(["tree", "extra trees", "deep forest", "hist"]),
    scaler=st.sampled_from([StandardScaler(), MinMaxScaler(), RobustScaler(), None]),
    rows=st.lists(
        st.lists(
            st.floats(-1e30, 1e30) | st.just(NAN) | st.floats(-3, 3, width=16),
            min_size=2,
            max_size=2,
        ),
        min_size=1,
        max_size=20,
    ),
)
@settings(max_examples=60, derandomize=True, deadline=None, database=None)
def test_any_small_tree_is_the_same_on_any_row(
    seed, depth, decimals, family, scaler, rows
):
    rng = np.random.default_rng(seed)
    matrix = np.round(rng.normal(size=(60, 2)), decimals)
    matrix[rng.random(matrix.shape) < 0.1] = NAN
    limited = clone(FAMILIES[family]).set_params(max_depth=depth)
    model = fit(
        limited,
        scaler or FunctionTransformer(),
        pd.DataFrame(matrix, columns=["age", "usage"]),
        rng.integers(0, 2, 60),
    )

    assert_same(model, pd.DataFrame(rows, columns=["age", "usage"]))


@given(
    values=st.lists(st.text(max_size=5), min_size=2, max_size=8, unique=True),
    seed=st.integers(0, 1000),
    family=st.sampled_from(REPRESENTATIVES[:3]),
    others=st.lists(st.text(max_size=5) | st.just(NAN), max_size=10),
)
@settings(max_examples=40, derandomize=True, deadline=None, database=None)
def test_any_text_is_the_same(values, seed, family, others):
    rng = np.random.default_rng(seed)
    column = [*values, *values, *rng.choice(np.array(values, object), 50)]
    labels = np.concatenate([[0, 1], rng.integers(0, 2, len(column) - 2)])
    model = fit(FAMILIES[family], one_hot(), texts(*column), labels)

    assert_same(model, texts(*values, *others))


def not_compilable(estimator, frame=FRAME):
    """Return why a fitted classifier has no compiled form."""
    signature = signature_of({name: kind_of(name) for name in frame})
    with pytest.raises(NotCompilable) as raised:
        compile_model(estimator, signature)
    return str(raised.value)


LOGISTIC = LogisticRegression(max_iter=300)
FOREST = FAMILIES["forest"]


def doubled(rows):
    """Return what a FunctionTransformer of one's own makes of rows."""
    return rows * 2


NUMERIC = FRAME[[*NUMBERS, *BOOLEANS]]

COVERED = {
    "infrequent categories": (
        LOGISTIC,
        features(SimpleImputer(), one_hot(min_frequency=0.4)),
    ),
    "infrequent categories of numbers": (
        LOGISTIC,
        ColumnTransformer(
            [
                ("few", one_hot(min_frequency=0.3), ["calls"]),
                ("texts", one_hot(max_categories=2, drop="first"), TEXTS),
            ]
        ),
    ),
    "most categories": (LOGISTIC, features(SimpleImputer(), one_hot(max_categories=2))),
    "unknown made infrequent": (
        LOGISTIC,
        features(
            SimpleImputer(),
            one_hot(min_frequency=0.4, handle_unknown="infrequent_if_exist"),
        ),
    ),
    "infrequent numbers": (
        FOREST,
        features(
            SimpleImputer(),
            OrdinalEncoder(
                handle_unknown="use_encoded_value", unknown_value=-1, min_frequency=0.4
            ),
        ),
    ),
    "indicator": (LOGISTIC, features(SimpleImputer(add_indicator=True), one_hot())),
    "indicator below trees": (
        FOREST,
        features(SimpleImputer(add_indicator=True), one_hot()),
    ),
    "indicator in a union": (
        LOGISTIC,
        features(make_union(SimpleImputer(), MissingIndicator()), one_hot()),
    ),
    "clip": (
        LOGISTIC,
        features(make_pipeline(SimpleImputer(), MinMaxScaler(clip=True)), one_hot()),
    ),
    "clip below trees": (
        FOREST,
        features(make_pipeline(SimpleImputer(), MinMaxScaler(clip=True)), one_hot()),
    ),
    "clip at the greatest": (
        LOGISTIC,
        features(make_pipeline(SimpleImputer(), MaxAbsScaler(clip=True)), one_hot()),
    ),
    "weights": (
        LOGISTIC,
        features(
            SimpleImputer(),
            one_hot(),
            transformer_weights={"numbers": 2.0, "texts": 0.5},
        ),
    ),
    "a union with weights": (
        FOREST,
        features(
            make_pipeline(
                SimpleImputer(),
                FeatureUnion(
                    [("one", MinMaxScaler()), ("two", RobustScaler())],
                    transformer_weights={"one": 3.0},
                ),
            ),
            one_hot(),
        ),
    ),
    "vote": (
        VotingClassifier([("one", LOGISTIC), ("two", FOREST)], voting="soft"),
        PREPROCESSING["mean"],
    ),
    "weighted vote": (
        VotingClassifier(
            [("one", GaussianNB()), ("two", FOREST), ("none", "drop")],
            voting="soft",
            weights=[1, 3, 2],
        ),
        PREPROCESSING["mean"],
    ),
    "gaussian": (GaussianNB(), PREPROCESSING["mean"]),
    "bernoulli": (BernoulliNB(), PREPROCESSING["mean"]),
    "bernoulli, not binarized": (BernoulliNB(binarize=None), one_hot()),
    "network": (
        MLPClassifier((5, 3), max_iter=30, random_state=0),
        PREPROCESSING["median, standard"],
    ),
    "network of tanh": (
        MLPClassifier((5,), activation="tanh", max_iter=30, random_state=0),
        PREPROCESSING["median, standard"],
    ),
    "network of the logistic": (
        MLPClassifier((5,), activation="logistic", max_iter=30, random_state=0),
        PREPROCESSING["median, standard"],
    ),
    "network of lines": (
        MLPClassifier((), activation="identity", max_iter=30, random_state=0),
        PREPROCESSING["median, standard"],
    ),
    "linear discriminant": (LinearDiscriminantAnalysis(), PREPROCESSING["mean"]),
    "eigen discriminant": (
        LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto"),
        features(SimpleImputer(), one_hot(drop="first")),
    ),
    "quadratic discriminant": (
        QuadraticDiscriminantAnalysis(reg_param=0.1),
        PREPROCESSING["median, standard"],
    ),
    "exponential": (
        GradientBoostingClassifier(n_estimators=5, loss="exponential", random_state=0),
        PREPROCESSING["mean"],
    ),
    "exponential from zero": (
        GradientBoostingClassifier(n_estimators=5, loss="exponential", init="zero"),
        PREPROCESSING["mean"],
    ),
    "modified huber": (
        SGDClassifier(loss="modified_huber", random_state=0),
        PREPROCESSING["median, standard"],
    ),
    "ada boost": (AdaBoostClassifier(n_estimators=6), PREPROCESSING["mean"]),
    "ada boost of lines": (
        AdaBoostClassifier(LOGISTIC, n_estimators=4),
        PREPROCESSING["median, standard"],
    ),
    "bagged trees": (
        BaggingClassifier(n_estimators=4, max_features=3, random_state=0),
        PREPROCESSING["mean"],
    ),
    "bagged lines": (
        BaggingClassifier(LOGISTIC, n_estimators=3, max_features=0.7, random_state=0),
        PREPROCESSING["median, standard"],
    ),
    "isotonic ada boost": (
        calibrated(AdaBoostClassifier(n_estimators=4), "isotonic"),
        PREPROCESSING["mean"],
    ),
    "sigmoid gaussian": (calibrated(GaussianNB(), "sigmoid"), PREPROCESSING["mean"]),
    "sigmoid quadratic": (
        calibrated(QuadraticDiscriminantAnalysis(reg_param=0.1), "sigmoid"),
        PREPROCESSING["median, standard"],
    ),
    "temperature": (calibrated(LOGISTIC, "temperature"), PREPROCESSING["mean"]),
    "temperature of shares": (calibrated(FOREST, "temperature"), PREPROCESSING["mean"]),
    "prior": (DummyClassifier(), PREPROCESSING["mean"]),
}


@pytest.mark.parametrize("case", COVERED)
@pytest.mark.parametrize("positive_class", [0, 1])
def test_what_is_seldom_used_is_compiled_too(case, positive_class):
    classifier, prepared = COVERED[case]
    chosen = TEXTS if isinstance(prepared, OneHotEncoder) else COLUMNS
    model = fit(classifier, prepared, FRAME[chosen])

    assert_same(model, moderate_rows(FRAME[chosen]), positive_class=positive_class)


def moderate_rows(frame):
    """Return hard rows without the numbers that leave no digit of the others."""
    rows = hard_rows(frame)
    numbers = rows.select_dtypes("number")
    return rows[~(numbers.abs() > 1e6).any(axis=1)].reset_index(drop=True)


@pytest.mark.parametrize("encoder", [True, False])
def test_categories_of_histogram_gradient_boosting_are_compiled(encoder):
    rng = np.random.default_rng(8)
    frame = FRAME[["contract", "calls", "age"]].assign(
        calls=np.where(FRAME["calls"] > 5, NAN, FRAME["calls"])
    )
    if encoder:
        frame["contract"] = frame["contract"].astype("category")
        model = HistGradientBoostingClassifier(
            max_iter=6, categorical_features="from_dtype"
        )
    else:
        frame = frame[["calls", "age"]]
        model = HistGradientBoostingClassifier(max_iter=6, categorical_features=[0])
    model.fit(frame, LABELS ^ (rng.random(len(LABELS)) < 0.1))
    rows = hard_rows(FRAME[[*frame]])
    # What lies beyond the greatest category, and between two of them.
    rows["calls"] = rng.choice(
        [*range(8), 2.5, -1, -0.5, 254.0, 255, 256, 1e9], len(rows)
    )
    rows.loc[::7, "calls"] = NAN

    assert_same(model, rows)


@pytest.mark.parametrize(
    "classifier, prepared, said",
    [
        (
            LOGISTIC,
            features(
                make_pipeline(SimpleImputer(), FunctionTransformer(doubled)), one_hot()
            ),
            "FunctionTransformer with a function",
        ),
        (
            LOGISTIC,
            features(make_pipeline(StandardScaler(), one_hot()), one_hot()),
            "an encoder of numbers that were computed",
        ),
        (
            LOGISTIC,
            features(
                SimpleImputer(),
                make_pipeline(
                    OrdinalEncoder(
                        handle_unknown="use_encoded_value", unknown_value=-1
                    ),
                    OneHotEncoder(sparse_output=False),
                ),
            ),
            "an encoder that refuses what another one puts out",
        ),
        (
            LOGISTIC,
            features(SimpleImputer(missing_values=0.0), one_hot()),
            "SimpleImputer for something other than None or NaN",
        ),
        (
            FOREST,
            features(SimpleImputer(), one_hot(), transformer_weights={"numbers": -1.0}),
            "a tree over numbers times a negative weight",
        ),
        (
            GradientBoostingClassifier(n_estimators=3, init=LOGISTIC),
            PREPROCESSING["mean"],
            "GradientBoostingClassifier with a model for its start",
        ),
        (LinearSVC(), PREPROCESSING["mean"], "LinearSVC without probabilities"),
        (
            DummyClassifier(strategy="stratified"),
            PREPROCESSING["mean"],
            "DummyClassifier with the strategy stratified",
        ),
        (
            RadiusNeighborsClassifier(1e6, outlier_label=5),
            PREPROCESSING["mean"],
            "RadiusNeighborsClassifier that gives outliers no class",
        ),
        (
            LOGISTIC,
            make_pipeline(
                SimpleImputer(),
                KBinsDiscretizer(3, strategy="uniform", dtype=np.float32),
            ),
            "KBinsDiscretizer of single precision",
        ),
        (
            LOGISTIC,
            make_pipeline(SimpleImputer(), SplineTransformer(degree=0)),
            "SplineTransformer of degree 0",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_covered_is_named(classifier, prepared, said):
    frame = FRAME if isinstance(prepared, ColumnTransformer) else NUMERIC
    if said.startswith("SimpleImputer"):
        frame = COMPLETE

    assert said in not_compilable(fit(classifier, prepared, frame), frame)


@pytest.mark.parametrize("steps", [(PCA(2),), (PolynomialFeatures(1), one_hot())])
def test_an_encoder_of_numbers_that_other_parts_computed_is_not_covered(steps):
    encoded = make_pipeline(one_hot(), LOGISTIC)
    model = fit(encoded, make_pipeline(SimpleImputer(), *steps), NUMERIC)

    assert "an encoder of numbers that were computed" in not_compilable(model, NUMERIC)


def test_more_than_two_classes_are_not_covered():
    model = fit(LOGISTIC, SimpleImputer(), NUMERIC, np.arange(len(NUMERIC)) % 3)

    assert "LogisticRegression of other than two" in not_compilable(model, NUMERIC)


def test_numbers_that_no_session_would_take_are_refused_by_name():
    model = fit(LOGISTIC, SimpleImputer(), NUMERIC)
    model[-1].coef_ = np.full_like(model[-1].coef_, np.inf)

    assert "not finite" in not_compilable(model, NUMERIC)


LEGITIMATE = 1e-9
SINGLE = 1e-7
LEAST_SHARE = 0.95


def forms_of(name):
    """Return both forms of a legitimate pipeline, and rows that it takes."""
    estimator = legitimate.fitted(name)
    rows = legitimate.rows_for(estimator)
    if not isinstance(rows, pd.DataFrame):
        names = [f"f{i}" for i in range(rows.shape[1])]
        rows, named = pd.DataFrame(rows, columns=names), False
    else:
        rows, named = rows.astype(object_columns_of(rows)), True
    kinds = {name: "text" if rows[name].dtype == object else "number" for name in rows}
    signature = signature_of(kinds, named=named)
    pickled = PickledModel(b"", signature, estimator=estimator)
    return pickled, CompiledModel(compile_model(estimator, signature), signature), rows


@pytest.mark.parametrize(
    "name", sorted(legitimate.PIPELINES.keys() - legitimate.LEFT_TO_THEIR_PICKLE.keys())
)
def test_every_pipeline_that_is_let_in_is_compiled(name):
    pickled, compiled, rows = forms_of(name)
    # XGBoost and ONNX Runtime add trees up in single precision.
    single = "of xgboost" in name or name.endswith(".onnx")
    allowed = SINGLE if single else LEGITIMATE

    largest, compared = compare_forms(pickled, compiled, [columns_of(rows)])

    assert largest < allowed
    assert compared == len(rows) - compiled.tied(columns_of(rows)).sum()
    expected = compiled.probabilities(columns_of(rows))
    np.testing.assert_allclose(
        row_scores(compiled, rows), expected, rtol=0, atol=LEGITIMATE
    )
    hard = boundary_rows(compiled.signature, compiled, columns_of(rows))
    largest, compared = compare_forms(pickled, compiled, [hard])
    assert largest < allowed
    assert compared > 0
    for feature in compiled.signature.numbers():
        infinite = rows.assign(**{feature.name: np.inf})
        for refusing in (row_scores, checked):
            with pytest.raises(ScoringError, match="infinite"):
                refusing(compiled, infinite[:2])


def test_a_number_that_box_cox_refuses_is_refused_whatever_reads_it():
    for name in (
        "powers of numbers above zero",
        "powers of numbers above zero, as they are",
        "powers of numbers above zero, with gaps",
    ):
        pickled, compiled, rows = forms_of(name)
        for wrong in (0.0, -3.0):
            refused = rows.assign(age=wrong)
            for score in (pickled.probabilities, compiled.probabilities):
                with pytest.raises(ScoringError):
                    score(columns_of(refused))
            with pytest.raises(ScoringError, match="above zero"):
                row_scores(compiled, refused)


@pytest.mark.parametrize("output", ["uniform", "normal"])
@pytest.mark.parametrize("seed", range(6))
def test_quantiles_are_the_same_on_and_beside_each_of_them(output, seed):
    rng = np.random.default_rng(seed)
    values = rng.choice(np.round(rng.normal(size=9), 1), (60, 2))
    values[:, 1] = 5.0 if seed == 0 else values[:, 1] * 1e-8
    quantiles = QuantileTransformer(n_quantiles=30, output_distribution=output)
    model = make_pipeline(quantiles, LogisticRegression()).fit(
        values, rng.random(60) < 0.5
    )
    flat = values.ravel()
    hard = np.unique([*beside(flat), *beside(flat + 1e-7), *beside(flat - 1e-7)])

    rows = pd.DataFrame({"a": hard, "b": rng.permutation(hard)})
    assert_same(model, rows, named=False)


@pytest.mark.parametrize("name", legitimate.LEFT_TO_THEIR_PICKLE)
def test_a_pipeline_that_is_not_compiled_says_why(name):
    with pytest.raises(NotCompilable, match=legitimate.LEFT_TO_THEIR_PICKLE[name]):
        forms_of(name)


def object_columns_of(frame):
    """Return the columns of a frame that hold texts, with the type object."""
    texts = frame.select_dtypes(exclude="number")
    return dict.fromkeys(texts, object)


def checked(model, frame):
    """Score a frame as a batch is scored."""
    return checked_probabilities(model, columns_of(frame))


def test_nearly_all_of_enough_legitimate_pipelines_serve_without_their_pickle():
    # Each of the others is compiled by the test above.
    left = len(legitimate.LEFT_TO_THEIR_PICKLE) / len(legitimate.PIPELINES)

    assert len(legitimate.PIPELINES) >= 146
    assert 1 - left >= LEAST_SHARE


def refusing_model(family, **options):
    """Return the forms of a model whose encoder refuses unknown categories."""
    encoder = OneHotEncoder(handle_unknown="error", sparse_output=False)
    model, _ = text_model(family, ["a", "b", "c"], encoder)
    return both_forms(model, {"contract": "text"}, **options)


@pytest.mark.parametrize("family", REPRESENTATIVES)
@pytest.mark.parametrize("text", ["unseen", "", "A"])
def test_an_encoder_that_refuses_the_unknown_refuses_it_compiled(family, text):
    pickled, compiled = refusing_model(family)
    rows = texts("a", text, "b")

    for model in (pickled, compiled):
        with pytest.raises(ScoringError) as raised:
            model.probabilities(columns_of(rows))
        assert raised.value.sqlstate == "22023"
    with pytest.raises(ScoringError) as in_batch:
        compiled.probabilities(columns_of(rows))
    with pytest.raises(ScoringError) as in_row:
        row_scores(compiled, rows)
    assert in_row.value.message == in_batch.value.message
    assert in_row.value.detail == in_batch.value.detail
    assert 'feature "contract"' in in_row.value.message
    assert row_scores(compiled, texts("a", "b", "c")) == pytest.approx(
        pickled.probabilities(columns_of(texts("a", "b", "c"))), abs=TOLERANCE
    )


@pytest.mark.parametrize("family", REPRESENTATIVES)
@pytest.mark.parametrize("text", ["c", NAN, "d"])
def test_a_category_that_one_of_two_encoders_refuses_is_refused(family, text):
    refusing = OneHotEncoder(categories=[["a", "b"]], sparse_output=False)
    knowing = one_hot(categories=[["a", "b", "c"]])
    rng = np.random.default_rng(2)
    frame = texts(*rng.choice(["a", "b"], 100))
    both = ColumnTransformer(
        [("refusing", refusing, ["contract"]), ("knowing", knowing, ["contract"])]
    )
    model = fit(FAMILIES[family], both, frame, rng.integers(0, 2, 100))
    pickled, compiled = both_forms(model, {"contract": "text"})

    for one in (pickled, compiled):
        with pytest.raises(ScoringError):
            one.probabilities(columns_of(texts("a", text)))


@pytest.mark.parametrize("family", REPRESENTATIVES)
def test_a_missing_text_is_filled_before_an_encoder_can_refuse_it(family):
    encoder = make_pipeline(MOST_FREQUENT, OneHotEncoder(sparse_output=False))
    model, _ = text_model(family, ["a", "b", "c"], encoder)

    assert_same(model, texts("a", "b", NAN))


@pytest.mark.parametrize("family", REPRESENTATIVES)
def test_no_rows_have_no_probabilities(family):
    model = fit(FAMILIES[family], PREPROCESSING["mean"])
    _, compiled = both_forms(model, {name: kind_of(name) for name in COLUMNS})

    assert compiled.probabilities(columns_of(FRAME[:0])).shape == (0,)


def encoded_towns(count):
    """Return a pipeline and a signature of one text with so many categories."""
    frame = pd.DataFrame(
        {"town": np.array([f"town {i}" for i in range(count)], object)}
    )
    encoder = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("towns", encoder, ["town"])])
    pipeline = make_pipeline(columns, LogisticRegression())
    pipeline.fit(frame, np.arange(count) % 2)
    return pipeline, Signature((Feature("town", "text", True),), (0, 1), 1, True)


def test_more_categories_than_can_be_described_are_told_as_such(monkeypatch):
    pipeline, signature = encoded_towns(200)
    content = compile_model(pipeline, signature)
    described = content.index(b"\n", len(MAGIC)) - len(MAGIC)

    monkeypatch.setattr(compile_module, "MOST_HEADER_BYTES", described + 1)
    assert compile_model(pipeline, signature) == content
    monkeypatch.setattr(compile_module, "MOST_HEADER_BYTES", described)
    with pytest.raises(NotCompilable) as raised:
        compile_model(pipeline, signature)

    assert str(raised.value) == (
        f"its categories and parts take {described} bytes to be described, and "
        f"{described - 1} are allowed"
    )


def test_a_form_of_more_bytes_than_a_session_reads_is_told_as_such(monkeypatch):
    pipeline, signature = encoded_towns(20)
    size = len(compile_model(pipeline, signature))
    monkeypatch.setattr(compile_module, "MOST_BYTES", size - 1)

    with pytest.raises(NotCompilable, match=f"it takes {size} bytes, and {size - 1}"):
        compile_model(pipeline, signature)
