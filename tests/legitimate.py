"""Pipelines that a data scientist may bring: what the strict loader has to let in.

Each is small, fitted the moment it is asked for, and stands for a family.
"""

import functools

import numpy as np
import pandas as pd
from pgchurn.loader.models.algorithms import ALGORITHMS
from pgchurn.loader.models.pipelines import build_pipeline
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
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
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

NUMBERS = ["age", "charges", "usage", "complaint_count"]
BOOLEANS = ["paperless"]
TEXTS = ["contract", "channel"]
KINDS = {
    **dict.fromkeys(NUMBERS, "number"),
    **dict.fromkeys(BOOLEANS, "boolean"),
    **dict.fromkeys(TEXTS, "text"),
}
COLUMNS = ["age", "contract", "charges", "paperless", "channel", "usage"] + NUMBERS[-1:]


@functools.cache
def customers(rows=240, seed=3):
    """Return a frame of numbers, booleans and texts with gaps, and labels."""
    rng = np.random.default_rng(seed)
    contracts = np.array(["month", "one year", "two year"], dtype=object)
    channels = np.array(["web", "tel"], dtype=object)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows).astype(float),
            "contract": pd.Series(rng.choice(contracts, rows), dtype=object),
            "charges": rng.gamma(3, 20, rows),
            "paperless": rng.integers(0, 2, rows).astype(float),
            "channel": pd.Series(rng.choice(channels, rows), dtype=object),
            "usage": rng.normal(10, 4, rows),
            "complaint_count": rng.poisson(1, rows).astype(float),
        }
    )
    odds = frame["complaint_count"] - frame["age"] / 40 + (frame["contract"] == "month")
    labels = rng.random(rows) < 1 / (1 + np.exp(-odds))
    for position, name in enumerate(COLUMNS[:-1]):
        frame.loc[position :: 11 + position, name] = np.nan
    return frame, labels.to_numpy() if hasattr(labels, "to_numpy") else labels


@functools.cache
def matrix():
    """Return the numbers alone, without gaps, as a plain matrix, and labels."""
    frame, labels = customers()
    return frame[NUMBERS].fillna(0.0).to_numpy(), labels


def on_numbers(classifier):
    """Return a classifier fitted on a plain matrix without gaps."""
    return classifier.fit(*matrix())


def on_gaps(classifier):
    """Return a pipeline fitted on a plain matrix with gaps."""
    frame, labels = customers()
    return classifier.fit(frame[NUMBERS].to_numpy(), labels)


def on_frame(classifier, numbers=None, texts=None, **options):
    """Return a pipeline of preprocessing fitted on a data frame with gaps."""
    frame, labels = customers()
    numbers = numbers or make_pipeline(SimpleImputer(), StandardScaler())
    texts = texts or OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        ColumnTransformer(
            [("numbers", numbers, NUMBERS + BOOLEANS), ("texts", texts, TEXTS)],
            **options,
        ),
        classifier,
    ).fit(frame, labels)


def of_the_loader(algorithm):
    """Return what ``pgchurn train`` builds."""
    frame, labels = customers()
    return build_pipeline(algorithm, KINDS).fit(frame, labels)


def with_selectors():
    """Return a pipeline that chooses its columns by their types, and drops the rest."""
    frame, labels = customers()
    return make_pipeline(
        ColumnTransformer(
            [
                (
                    "numbers",
                    make_pipeline(SimpleImputer(add_indicator=True), RobustScaler()),
                    make_column_selector(dtype_include="number"),
                ),
                (
                    "texts",
                    OrdinalEncoder(
                        handle_unknown="use_encoded_value", unknown_value=-1
                    ),
                    make_column_selector(dtype_exclude="number"),
                ),
            ]
        ),
        RandomForestClassifier(8, max_depth=4, random_state=0),
    ).fit(frame, labels)


def with_categories():
    """Return histogram gradient boosting with an encoder of its own."""
    frame, labels = customers()
    frame = frame.assign(**{name: frame[name].astype("category") for name in TEXTS})
    return HistGradientBoostingClassifier(
        max_iter=6, categorical_features="from_dtype"
    ).fit(frame, labels)


def passing_on(**options):
    """Return a pipeline whose column transformer passes columns on."""
    frame, labels = customers()
    return make_pipeline(
        ColumnTransformer(
            [("texts", OneHotEncoder(handle_unknown="ignore"), TEXTS)],
            remainder="passthrough",
            **options,
        ),
        HistGradientBoostingClassifier(max_iter=5),
    ).fit(frame, labels)


def hist(**options):
    """Return unfitted histogram gradient boosting of a few small trees."""
    return HistGradientBoostingClassifier(max_iter=6, max_leaf_nodes=8, **options)


def forest(**options):
    """Return an unfitted forest of a few small trees."""
    return RandomForestClassifier(6, max_depth=5, random_state=0, **options)


def imputed(classifier, *scalers):
    """Return an unfitted pipeline for numbers with gaps."""
    return make_pipeline(SimpleImputer(), *scalers, classifier)


def seeded(classifier):
    """Return a classifier whose random_state is a generator, not a number."""
    return classifier.set_params(random_state=np.random.RandomState(5))


PIPELINES = {
    **{
        f"{algorithm}, as trained here": functools.partial(of_the_loader, algorithm)
        for algorithm in ALGORITHMS
    },
    "logistic": lambda: on_numbers(LogisticRegression()),
    "logistic of texts as labels": lambda: LogisticRegression().fit(
        matrix()[0], np.where(matrix()[1], "left", "stayed")
    ),
    "logistic of objects as labels": lambda: LogisticRegression().fit(
        matrix()[0], np.where(matrix()[1], "left", "stayed").astype(object)
    ),
    "logistic in single precision": lambda: LogisticRegression().fit(
        matrix()[0].astype(np.float32), matrix()[1]
    ),
    "logistic of a frame": lambda: on_frame(LogisticRegression()),
    "sgd, log loss": lambda: on_numbers(SGDClassifier("log_loss", random_state=0)),
    "sgd, modified huber": lambda: on_numbers(
        SGDClassifier("modified_huber", random_state=0, early_stopping=True)
    ),
    "averaged sgd of a frame": lambda: on_frame(
        SGDClassifier("log_loss", average=True, random_state=0),
        numbers=make_pipeline(SimpleImputer(strategy="median"), MinMaxScaler()),
    ),
    "decision tree": lambda: on_numbers(DecisionTreeClassifier(max_depth=6)),
    "decision tree with gaps": lambda: on_gaps(
        DecisionTreeClassifier(max_depth=6, random_state=0, ccp_alpha=0.001)
    ),
    "extra tree": lambda: on_numbers(ExtraTreeClassifier(max_depth=6, random_state=0)),
    "random forest": lambda: on_numbers(forest()),
    "random forest of many jobs": lambda: on_numbers(forest(n_jobs=2, oob_score=True)),
    "random forest of a generator": lambda: on_numbers(seeded(forest())),
    "balanced forest of a frame": lambda: on_frame(
        forest(class_weight={False: 1.0, True: 3.0})
    ),
    "extra trees of a frame": lambda: on_frame(
        ExtraTreesClassifier(6, max_depth=5, bootstrap=True, random_state=0),
        texts=make_pipeline(
            SimpleImputer(strategy="most_frequent"),
            OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5),
        ),
    ),
    "gradient boosting": lambda: on_numbers(
        GradientBoostingClassifier(n_estimators=8, random_state=0)
    ),
    "gradient boosting, exponential": lambda: on_numbers(
        GradientBoostingClassifier(
            n_estimators=8, loss="exponential", init="zero", subsample=0.7
        )
    ),
    "gradient boosting of a generator": lambda: on_numbers(
        seeded(GradientBoostingClassifier(n_estimators=4))
    ),
    "gradient boosting of a frame": lambda: on_frame(
        GradientBoostingClassifier(n_estimators=8, n_iter_no_change=3),
        texts=OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            encoded_missing_value=-2,
        ),
    ),
    "hist gradient boosting": lambda: on_numbers(hist()),
    "hist gradient boosting with gaps": lambda: on_gaps(
        hist(early_stopping=True, random_state=0, max_bins=16)
    ),
    "hist gradient boosting of a generator": lambda: on_gaps(
        seeded(hist(early_stopping=True))
    ),
    "hist gradient boosting, monotonic": lambda: on_numbers(
        hist(monotonic_cst=[1, 0, -1, 0], interaction_cst="pairwise")
    ),
    "hist gradient boosting with categories": with_categories,
    "hist gradient boosting with category numbers": lambda: on_numbers(
        hist(categorical_features=[3])
    ),
    "hist gradient boosting of what passes": passing_on,
    "what passes, names kept short": lambda: passing_on(
        verbose_feature_names_out=False, sparse_threshold=0
    ),
    "sigmoid of a linear machine": lambda: on_numbers(
        CalibratedClassifierCV(LinearSVC(), cv=2)
    ),
    "sigmoid of a forest": lambda: on_numbers(CalibratedClassifierCV(forest(), cv=2)),
    "isotonic of gradient boosting": lambda: on_numbers(
        CalibratedClassifierCV(
            GradientBoostingClassifier(n_estimators=4), method="isotonic", cv=2
        )
    ),
    "isotonic within a frame's pipeline": lambda: on_frame(
        CalibratedClassifierCV(
            SGDClassifier(random_state=0), method="isotonic", cv=2, ensemble=False
        )
    ),
    "temperature of a logistic": lambda: on_numbers(
        CalibratedClassifierCV(LogisticRegression(), method="temperature", cv=2)
    ),
    "sigmoid around a frame's pipeline": lambda: CalibratedClassifierCV(
        FrozenEstimator(on_frame(hist()))
    ).fit(*customers()),
    "dummy prior": lambda: on_numbers(DummyClassifier()),
    "dummy constant": lambda: on_numbers(
        DummyClassifier(strategy="constant", constant=True)
    ),
    "indicators beside numbers": lambda: on_gaps(
        make_pipeline(
            make_union(SimpleImputer(strategy="constant"), MissingIndicator()),
            MaxAbsScaler(),
            LogisticRegression(),
        )
    ),
    "scaled by quartiles": lambda: on_gaps(
        imputed(LogisticRegression(C=0.5, class_weight="balanced"), RobustScaler())
    ),
    "columns by their types": with_selectors,
    "columns dropped": lambda: on_frame(LogisticRegression(), texts="drop"),
    "columns weighed": lambda: on_frame(
        LogisticRegression(solver="saga", l1_ratio=0.5, max_iter=50),
        transformer_weights={"numbers": 0.5},
        sparse_threshold=1.0,
    ),
    "pipeline of pandas frames": lambda: on_frame(
        LogisticRegression(),
        texts=OneHotEncoder(
            handle_unknown="ignore", drop="if_binary", sparse_output=False
        ),
    ),
    "encoders of other types": lambda: on_frame(
        LogisticRegression(),
        texts=make_union(
            OneHotEncoder(handle_unknown="ignore", dtype=np.float32),
            OrdinalEncoder(
                dtype=np.int64,
                handle_unknown="use_encoded_value",
                unknown_value=-1,
                encoded_missing_value=-2,
            ),
        ),
    ),
    "one-hot numbers": lambda: on_gaps(
        make_pipeline(
            OneHotEncoder(handle_unknown="ignore", max_categories=6, drop="first"),
            LogisticRegression(),
        )
    ),
    "texts of numpy's": lambda: make_pipeline(
        OneHotEncoder(handle_unknown="ignore"), LogisticRegression()
    ).fit(
        customers()[0][["contract"]].fillna("month").map(np.str_).astype(object),
        matrix()[1],
    ),
    "linear discriminant": lambda: on_numbers(LinearDiscriminantAnalysis()),
    "quadratic discriminant": lambda: on_numbers(QuadraticDiscriminantAnalysis()),
    "gaussian naive bayes": lambda: on_gaps(imputed(GaussianNB())),
    "bernoulli naive bayes": lambda: on_numbers(BernoulliNB()),
    "neural network": lambda: on_numbers(
        MLPClassifier((4,), max_iter=20, random_state=0, early_stopping=True)
    ),
    "neural network by sgd": lambda: on_numbers(
        MLPClassifier((4, 3), max_iter=10, solver="sgd", random_state=0)
    ),
    "ada boost": lambda: on_numbers(AdaBoostClassifier(n_estimators=5)),
    "bagged trees": lambda: on_numbers(
        BaggingClassifier(n_estimators=4, max_features=3, random_state=0)
    ),
    "vote": lambda: on_numbers(
        VotingClassifier(
            [("line", LogisticRegression()), ("forest", forest())],
            voting="soft",
            weights=[1, 2],
            n_jobs=2,
        )
    ),
}


@functools.cache
def fitted(name):
    """Return a pipeline of ``PIPELINES``, fitted once."""
    return PIPELINES[name]()


def rows_for(estimator):
    """Return rows to score: with gaps and unseen texts where the estimator takes them.

    Returns
    -------
    pandas.DataFrame or ndarray of shape (n_rows, n_features)
    """
    frame, _ = customers(rows=60, seed=4)
    if hasattr(estimator, "feature_names_in_"):
        rows = frame[list(estimator.feature_names_in_)].copy()
        rows.loc[::13, "contract"] = "never seen"
        return rows
    rows = frame[NUMBERS].to_numpy()
    try:
        estimator.predict_proba(rows)
        return rows
    except ValueError:
        return np.nan_to_num(rows)
