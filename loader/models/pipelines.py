"""Scikit-learn pipelines built from the kinds of a table's columns.

A pipeline takes the columns as the database holds them, NULLs included, and ends in
a classifier. Whatever it learnt about the columns (medians, scales, categories)
therefore travels inside the one pickle that is registered.

Every estimator used here is on the list of classes that the registry unpickles and
compiles, so nothing is customised: no functions, no classes of our own.
"""

from collections.abc import Callable, Collection
from typing import Any

import pandas as pd
from pgchurn.loader.models.algorithms import ALGORITHMS
from pgchurn.plpython.runtime.signature import FEATURE_KINDS
from sklearn.base import ClassifierMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

SPLINES = "spline_logistic_regression"
SCALED = ("logistic_regression", SPLINES, "neural_network")
# Besides scikit-learn's own: finer ones, for customers who are much alike, and shallow
# ones, where little can be told.
HISTOGRAM_SETTINGS: dict[str, dict[str, Any]] = {
    "hist_gradient_boosting": {},
    "fine_hist_gradient_boosting": {
        "max_iter": 150,
        "max_leaf_nodes": 15,
        "min_samples_leaf": 5,
        "max_features": 0.5,
    },
    "shallow_hist_gradient_boosting": {
        "learning_rate": 0.05,
        "max_iter": 200,
        "max_leaf_nodes": 6,
        "l2_regularization": 5.0,
        "max_features": 0.5,
    },
}
# A number of fewer values takes no curve.
LEAST_CURVED_VALUES = 5
# What a wider table has more of would fill the memory with curves.
MOST_CURVED_NUMBERS = 200
# Extra trees of more columns look at a few only for each split.
MOST_COLUMNS_LOOKED_AT = 100


def as_features(frame: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
    """Cast the features to the types that the pipelines are fitted on.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_samples, n_columns)
        Any columns; those not named in `kinds` are left out.
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in feature order.

    Returns
    -------
    pandas.DataFrame of shape (n_samples, n_features)
        Numbers and booleans as float64 (NaN where missing, booleans 0.0 or 1.0),
        text as object columns of str (NaN where missing).

    Raises
    ------
    ValueError
        If a kind is unknown, or a number or boolean feature holds something else.
    KeyError
        If a feature is not a column of `frame`.
    """
    columns = {name: as_feature(frame[name], kind) for name, kind in kinds.items()}
    return pd.DataFrame(columns, index=frame.index)


def as_feature(column: pd.Series, kind: str) -> pd.Series:
    """Cast one column to the type that its kind has in a pipeline."""
    if kind not in FEATURE_KINDS:
        raise ValueError(
            f"feature {column.name!r} is of unknown kind {kind!r}; "
            f"use one of {', '.join(FEATURE_KINDS)}"
        )
    # Object columns, because pandas' own types each bring a missing value of their own.
    values = column.astype(object).where(column.notna(), float("nan"))
    if kind == "text":
        return values.map(str, na_action="ignore").astype(object)
    try:
        return values.astype("float64")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"feature {column.name!r} is not a {kind} throughout: {error}"
        ) from error


def curved_numbers(frame: pd.DataFrame, kinds: dict[str, str]) -> list[str]:
    """Return the numbers that a curve can follow: those of more than a few values."""
    return [
        name
        for name, kind in kinds.items()
        if kind == "number" and frame[name].nunique() >= LEAST_CURVED_VALUES
    ]


def build_pipeline(
    algorithm: str,
    kinds: dict[str, str],
    *,
    curved: Collection[str] = (),
    random_state: int = 0,
) -> Pipeline:
    """Build an unfitted pipeline for columns of the given kinds.

    The fitted pipeline gives a probability for any row: with any value missing, with
    a category never seen in training, and for a column that was all missing then.

    Parameters
    ----------
    algorithm : str
        One of `ALGORITHMS`.
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each column, which is as `as_features` returns it.
    curved : collection of str, default=()
        Numbers that ``"spline_logistic_regression"`` is to follow by curves.
    random_state : int, default=0
        Seed of the classifiers that draw random numbers.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``"features"`` (ColumnTransformer) and ``"classifier"``.

    Raises
    ------
    ValueError
        If the algorithm is unknown, or there is no feature at all.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(
            f"unknown algorithm {algorithm!r}; use one of {', '.join(ALGORITHMS)}"
        )
    curved = curved if algorithm == SPLINES else ()
    transformers = []
    for kind, transformer in TRANSFORMERS.items():
        names = [n for n in kinds if kinds[n] == kind and n not in curved]
        if names:
            transformers.append((f"{kind}s", transformer(algorithm), names))
    if curved:
        transformers.append(("curves", curve_transformer(), list(curved)))
    if not transformers:
        raise ValueError("a pipeline needs at least one feature")
    return Pipeline(
        [
            ("features", ColumnTransformer(transformers)),
            ("classifier", classifier(algorithm, len(kinds), random_state)),
        ]
    )


def number_transformer(algorithm: str) -> TransformerMixin:
    """Return what numbers go through: gaps are filled, and scaled where it matters."""
    # For hist_gradient_boosting too: left to itself it takes missing values, but fails
    # to fit when a column holds nothing else, be it in one fold only.
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    if algorithm in SCALED:
        return Pipeline([("imputer", imputer), ("scaler", StandardScaler())])
    return imputer


def curve_transformer() -> TransformerMixin:
    """Return what numbers go through that curves are to follow."""
    # By quantiles, so that a few large values do not leave all others in one piece. The
    # last function is left out, since all of a number's add up to 1.
    return Pipeline(
        [
            ("imputer", SimpleImputer(strategy="median")),
            (
                "splines",
                SplineTransformer(n_knots=6, knots="quantile", include_bias=False),
            ),
        ]
    )


def boolean_transformer(algorithm: str) -> TransformerMixin:
    """Return what booleans go through: gaps are filled."""
    return SimpleImputer(strategy="most_frequent", keep_empty_features=True)


def text_transformer(algorithm: str) -> TransformerMixin:
    """Return what texts go through: a column for each category."""
    # Missing is a category like any other when training has seen it: that a customer
    # has no contract on file may well tell something. Whatever training has not seen
    # becomes zeros throughout.
    return OneHotEncoder(handle_unknown="ignore", sparse_output=False)


TRANSFORMERS: dict[str, Callable[[str], TransformerMixin]] = {
    "number": number_transformer,
    "boolean": boolean_transformer,
    "text": text_transformer,
}


def classifier(algorithm: str, columns: int, random_state: int) -> ClassifierMixin:
    """Return the unfitted classifier of an algorithm, for so many columns."""
    if algorithm == "logistic_regression":
        return LogisticRegression(max_iter=1000)
    if algorithm == SPLINES:
        # A spline's functions are at most 1, far less than scaled numbers.
        return LogisticRegression(C=10, max_iter=1000)
    if algorithm == "extra_trees":
        return ExtraTreesClassifier(
            n_estimators=100,
            min_samples_leaf=2,
            max_features=0.5 if columns <= MOST_COLUMNS_LOOKED_AT else "sqrt",
            # Bounds the artifact.
            max_depth=20,
            n_jobs=1,
            random_state=random_state,
        )
    if algorithm == "neural_network":
        network = MLPClassifier(
            hidden_layer_sizes=(48, 24),
            alpha=0.1,
            learning_rate_init=0.005,
            max_iter=80,
            random_state=random_state,
        )
        # The weights of what never varies would stay as they were drawn, and be heard
        # when it varies at last.
        return Pipeline([("varying", VarianceThreshold()), ("network", network)])
    if algorithm == "random_forest":
        # Leaves of at least 5 customers: a share counted over fewer is 0 or 1 by
        # chance, and log loss punishes such certainty. Depth bounds the artifact.
        return RandomForestClassifier(
            n_estimators=100,
            max_depth=10,
            min_samples_leaf=5,
            n_jobs=1,
            random_state=random_state,
        )
    if algorithm == "gradient_boosting":
        return GradientBoostingClassifier(
            n_estimators=100, max_depth=3, random_state=random_state
        )
    return HistGradientBoostingClassifier(
        **HISTOGRAM_SETTINGS[algorithm], random_state=random_state
    )
