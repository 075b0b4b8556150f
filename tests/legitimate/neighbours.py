"""Nearest neighbours, found by each kind of tree and without one."""

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from .customers import (
    NUMBERS,
    customers,
    forest,
    imputed,
    on_columns,
    on_frame,
    on_gaps,
)


def near(count=5, **options):
    """Return a pipeline of nearest neighbours, fitted on numbers with gaps."""
    return on_gaps(imputed(KNeighborsClassifier(count, **options), StandardScaler()))


def within(radius, **options):
    """Return a pipeline of neighbours within a radius, fitted on the same."""
    return on_gaps(
        imputed(RadiusNeighborsClassifier(radius, **options), StandardScaler())
    )


def filled(*steps, **options):
    """Return a pipeline that fills gaps with what the nearest have."""
    return on_gaps(make_pipeline(StandardScaler(), KNNImputer(**options), *steps))


def filled_but_for_an_empty_column(**options):
    """Return such a pipeline, fitted on a column that was always missing."""
    rows, labels = customers()[0][NUMBERS].to_numpy(), customers()[1]
    rows = np.where(np.arange(rows.shape[1]) == 1, np.nan, rows)
    return make_pipeline(KNNImputer(**options), LogisticRegression(max_iter=500)).fit(
        rows, labels
    )


PIPELINES = {
    "gaps filled by the nearest": lambda: filled(LogisticRegression()),
    "gaps filled by the nearest, below trees": lambda: filled(forest(), n_neighbors=3),
    "gaps filled by the nearest by distance": lambda: filled(
        LogisticRegression(), weights="distance", n_neighbors=7
    ),
    "gaps filled by the nearest, and told": lambda: filled(
        LogisticRegression(), add_indicator=True, n_neighbors=300
    ),
    "gaps filled by the nearest of a frame": lambda: on_frame(
        LogisticRegression(), numbers=make_pipeline(KNNImputer(), StandardScaler())
    ),
    "gaps filled by the nearest, but for an empty column": (
        filled_but_for_an_empty_column
    ),
    "gaps filled by the nearest, an empty column with zeros": lambda: (
        filled_but_for_an_empty_column(keep_empty_features=True)
    ),
    "nearest neighbours": near,
    "nearest neighbours by distance": lambda: near(9, weights="distance"),
    "nearest neighbours without a tree": lambda: near(7, algorithm="brute"),
    "nearest neighbours without a tree, by distance": lambda: near(
        algorithm="brute", p=1, weights="distance"
    ),
    "nearest neighbours by a ball tree": lambda: near(
        algorithm="ball_tree", leaf_size=7, metric="manhattan"
    ),
    "nearest neighbours, the greatest difference": lambda: on_gaps(
        imputed(KNeighborsClassifier(3, metric="chebyshev"), RobustScaler())
    ),
    "nearest neighbours of a frame": lambda: on_frame(
        KNeighborsClassifier(15, weights="distance", n_jobs=2), sparse_threshold=0
    ),
    "nearest neighbours in single precision": lambda: imputed(
        KNeighborsClassifier(algorithm="kd_tree"), MinMaxScaler()
    ).fit(customers()[0][["age", "charges"]].to_numpy(np.float32), customers()[1]),
    "sigmoid of nearest neighbours": lambda: on_columns(
        imputed(CalibratedClassifierCV(KNeighborsClassifier(8), cv=2), MinMaxScaler()),
        ["age", "charges", "usage"],
    ),
    "bagged nearest neighbours": lambda: on_gaps(
        imputed(
            BaggingClassifier(
                KNeighborsClassifier(6), n_estimators=3, max_samples=0.5, random_state=0
            ),
            StandardScaler(),
        )
    ),
    "neighbours within a radius": lambda: within(1.5, outlier_label="most_frequent"),
    "neighbours within a radius by distance": lambda: within(
        2.0, weights="distance", algorithm="ball_tree", outlier_label=True
    ),
    "neighbours within a radius without a tree": lambda: within(
        9.0, algorithm="brute", p=1
    ),
}
