"""Explanations against Shapley values over all subsets, and against the scores."""

import pickle

import numpy as np
import pandas as pd
import pytest
from pgchurn.plpython.runtime.explain_candidate import rows_that_score
from pgchurn.plpython.runtime.pickled import PickledModel
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
)
from sklearn.tree import DecisionTreeClassifier

from tests.compiling import (
    BOOLEANS,
    COLUMNS,
    NUMBERS,
    TEXTS,
    columns_of,
    kind_of,
    signature_of,
    training,
)
from tests.explaining import explainer_of, log_odds, scaled, slow_odds

FRAME, LABELS = training(rows=400, seed=1)
ROWS, _ = training(rows=60, seed=2, missing=0.15)
KINDS = {name: kind_of(name) for name in COLUMNS}
FEW = ["age", "contract", "charges", "usage"]


def numbered():
    """Return preprocessing that leaves numbers as they are, and numbers categories."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return ColumnTransformer([("texts", encoder, TEXTS)], remainder="passthrough")


def by_columns():
    """Return preprocessing that computes columns of one number each in other ways."""
    filled = SimpleImputer(strategy="median")
    return ColumnTransformer(
        [
            ("power", make_pipeline(filled, PowerTransformer()), ["age"]),
            ("bins", make_pipeline(filled, KBinsDiscretizer(4)), ["charges"]),
            ("log", make_pipeline(filled, FunctionTransformer(np.log1p)), ["usage"]),
            ("text", OneHotEncoder(handle_unknown="ignore"), ["contract"]),
        ],
        sparse_threshold=0,
    )


def boosted(trees=20, **options):
    return GradientBoostingClassifier(
        n_estimators=trees, max_depth=3, random_state=0, **options
    )


def grown(**options):
    options = {"max_iter": 20, "max_leaf_nodes": 8, "min_samples_leaf": 5, **options}
    return HistGradientBoostingClassifier(random_state=0, **options)


def forest(trees=10, kind=RandomForestClassifier, **options):
    return kind(trees, max_depth=3, random_state=0, **options)


def calibrated(of, method, **options):
    return CalibratedClassifierCV(of, method=method, cv=3, **options)


def vote(*members, **options):
    named = [(str(i), one) for i, one in enumerate(members)]
    return VotingClassifier(named, voting="soft", **options)


def log_odds_stack():
    """Return a stack as `pgchurn train` makes it: a line of the members' log odds."""
    final = make_pipeline(
        MinMaxScaler((-0.998, 0.998), clip=True),
        FunctionTransformer(np.arctanh),
        LogisticRegression(),
    )
    return StackingClassifier(
        [("line", LogisticRegression()), ("boosting", boosted())], final, cv=3
    )


FAMILIES = {
    "logistic regression": (scaled, LogisticRegression),
    "logistic regression of columns computed": (by_columns, LogisticRegression),
    "stochastic gradient descent": (
        scaled,
        lambda: SGDClassifier(loss="log_loss", random_state=0),
    ),
    "decision tree": (scaled, lambda: DecisionTreeClassifier(max_depth=4)),
    "decision tree with gaps": (numbered, lambda: DecisionTreeClassifier(max_depth=4)),
    "decision tree of columns computed": (
        by_columns,
        lambda: DecisionTreeClassifier(max_depth=4, random_state=0),
    ),
    "balanced decision tree": (
        scaled,
        lambda: DecisionTreeClassifier(max_depth=4, class_weight="balanced"),
    ),
    "random forest": (scaled, forest),
    "random forest with gaps": (numbered, forest),
    "extra trees": (scaled, lambda: forest(kind=ExtraTreesClassifier)),
    "gradient boosting": (scaled, boosted),
    "gradient boosting by exponential loss": (
        scaled,
        lambda: boosted(loss="exponential"),
    ),
    "histogram gradient boosting": (scaled, grown),
    "histogram gradient boosting with gaps": (numbered, grown),
    "histogram gradient boosting with categories": (
        numbered,
        lambda: grown(categorical_features=[0, 1]),
    ),
    "sigmoid of boosting": (scaled, lambda: calibrated(boosted(), "sigmoid")),
    "sigmoid of a forest": (scaled, lambda: calibrated(forest(), "sigmoid")),
    "sigmoid of one forest": (
        scaled,
        lambda: calibrated(forest(), "sigmoid", ensemble=False),
    ),
    "isotonic of boosting": (scaled, lambda: calibrated(boosted(), "isotonic")),
    "isotonic of a line": (
        scaled,
        lambda: calibrated(LogisticRegression(), "isotonic"),
    ),
    "temperature of a forest": (scaled, lambda: calibrated(forest(), "temperature")),
    "soft vote": (
        scaled,
        lambda: vote(LogisticRegression(), boosted(), forest(), weights=[1, 2, 1]),
    ),
    "bagging": (
        scaled,
        lambda: BaggingClassifier(
            LogisticRegression(), 5, max_features=0.7, random_state=0
        ),
    ),
    "stack": (scaled, log_odds_stack),
}


def fitted(family, columns=COLUMNS):
    """Return a fitted pipeline of a family."""
    preprocessing, classifier = FAMILIES[family]
    return make_pipeline(preprocessing(), classifier()).fit(FRAME[columns], LABELS)


def of_temperature(family):
    # Its calibrator has no ``predict`` of one number.
    return family.startswith("temperature")


@pytest.mark.parametrize("positive_class", [1, 0])
@pytest.mark.parametrize("family", [f for f in FAMILIES if not of_temperature(f)])
def test_contributions_are_shapley_values_over_all_subsets(family, positive_class):
    estimator = fitted(family)
    signature = signature_of(KINDS, positive_class=positive_class)
    explainer = explainer_of(estimator, signature, columns_of(FRAME[COLUMNS]))

    found = explainer.explain(columns_of(ROWS[COLUMNS]))

    slow = slow_odds(estimator, ROWS[COLUMNS], FRAME[COLUMNS])
    sign = 1 if positive_class else -1
    assert explainer.base == pytest.approx(sign * slow.base, abs=1e-10)
    wanted = sign * slow.contributions
    np.testing.assert_allclose(found.contributions, wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize("positive_class", [1, 0])
@pytest.mark.parametrize("family", FAMILIES)
def test_contributions_and_points_add_up_to_the_score(family, positive_class):
    estimator = fitted(family)
    signature = signature_of(KINDS, positive_class=positive_class)
    explainer = explainer_of(estimator, signature, columns_of(FRAME[COLUMNS]))
    model = PickledModel(pickle.dumps(estimator), signature)
    rows, _ = rows_that_score(model, columns_of(hard_rows()[COLUMNS]))

    found = explainer.explain(rows)

    pickled = model.probabilities(rows)
    assert len(pickled) > 8_000
    np.testing.assert_allclose(found.scores, pickled, rtol=0, atol=1e-12)
    odds = explainer.base + found.contributions.sum(axis=1)
    # Within what a double next to 1 leaves open.
    open_to_rounding = 1e-15 / np.minimum(found.scores, 1 - found.scores).clip(1e-16)
    apart = np.abs(odds - log_odds(found.scores))
    # What is explained by its log odds has them beyond the last double as well.
    ended = (found.scores == (odds > 0)) & (np.abs(odds) > 36)
    assert (ended | (apart <= 1e-9 + open_to_rounding)).all()
    total = explainer.base_probability + found.points.sum(axis=1)
    np.testing.assert_allclose(total, found.scores, rtol=0, atol=1e-12)
    assert np.isfinite(found.contributions).all()
    assert np.isfinite(found.points).all()


def hard_rows(count=10_000):
    """Return rows with gaps, unseen categories, extremes and values on thresholds."""
    rng = np.random.default_rng(0)
    rows = FRAME.iloc[rng.integers(len(FRAME), size=count)].reset_index(drop=True)
    for name in NUMBERS + BOOLEANS:
        on = np.unique(
            np.float32(rng.choice(FRAME[name].dropna(), (40, 2)).mean(axis=1))
        )
        on = np.concatenate(
            [on, np.nextafter(on, np.float32(np.inf)), [0.0, -1e6, 1e6]]
        )
        changed = rng.random(count)
        values = np.where(changed < 0.2, rng.choice(on, count), rows[name])
        rows[name] = np.where(changed > 0.9, np.nan, values)
    for name in TEXTS:
        values = rows[name].to_numpy(object).copy()
        changed = rng.random(count)
        values[changed < 0.1] = "never seen"
        values[changed > 0.9] = np.nan
        rows[name] = pd.Series(values, dtype=object)
    return rows
