CREATE OR REPLACE FUNCTION churn_runtime.compile_neighbours() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Nearest neighbours as parts that keep the points of training."""

import warnings
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier

from .compile_columns import Columns, Inputs, NotCompilable, numeric
from .compile_sums import matrix
from .form_neighbours import Nearest, Within
from .form_parts import Scalar
from .neighbour_checks import metric_of


def nearest(
    estimator: KNeighborsClassifier, columns: Columns, inputs: Inputs
) -> Scalar:
    """Return the share of the second class among the nearest points."""
    return Nearest(**points(estimator, columns), count=int(estimator.n_neighbors))


def within_radius(
    estimator: RadiusNeighborsClassifier, columns: Columns, inputs: Inputs
) -> Scalar:
    """Return the share of the second class among the points within a radius."""
    return Within(
        **points(estimator, columns),
        radius=float(estimator.radius),
        lonely=lonely(estimator),
    )


def lonely(estimator: RadiusNeighborsClassifier) -> str:
    """Return what becomes of a row without a point within the radius.

    scikit-learn is asked: without a tree, it gives such rows no class at all where it
    was told the most frequent one.
    """
    if estimator.outlier_label_ is None:
        return "refused"
    far = 2.0 * np.abs(estimator._fit_X).max() + 2.0 * estimator.radius + 1.0
    row = np.full((1, estimator.n_features_in_), far)
    with warnings.catch_warnings():
        # It says the same.
        warnings.simplefilter("ignore")
        ((first, second),) = estimator.predict_proba(row)
    if first + second == 0:
        raise NotCompilable("RadiusNeighborsClassifier that gives outliers no class")
    return "second" if second else "first"


def points(estimator: Any, columns: Columns) -> dict[str, Any]:
    """Return what is kept of training, as fields of a part."""
    return {
        "of": matrix([numeric(column) for column in columns]),
        "points": np.asarray(estimator._fit_X, float).T.ravel(),
        "labels": estimator._y,
        "metric": metric_of(estimator),
        "weights": estimator.weights,
    }
$python$;
COMMENT ON FUNCTION churn_runtime.compile_neighbours IS 'Nearest neighbours as parts that keep the points of training.';
