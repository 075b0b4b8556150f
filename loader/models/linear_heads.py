"""The linear head of a fitted classifier, and what comes before it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pgchurn.loader.errors import LoaderError
from scipy.sparse import issparse
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    SGDClassifier,
)
from sklearn.pipeline import Pipeline

# What rows of features become on their way to the head.
Transform = Callable[[Any], Any]

LEARNABLE = (
    "LogisticRegression, LogisticRegressionCV and SGDClassifier (of log loss) can, by "
    "themselves, at the end of a pipeline, or as the final estimator of a "
    "StackingClassifier, which pgchurn train --algorithm auto and pgchurn recalibrate "
    "make"
)
# A table of the weights' curvature has as many rows and columns.
MOST_WEIGHTS = 1_000


@dataclass(frozen=True, eq=False)
class LinearHead:
    """Weights whose sum is the log odds, within a fitted classifier.

    Attributes
    ----------
    classifier : fitted linear classifier
        Of two classes; its weights can be replaced.
    transforms : tuple of callable
        What rows go through before it, in order.
    """

    classifier: Any
    transforms: tuple[Transform, ...]

    @classmethod
    def of(cls, estimator: Any) -> "LinearHead":
        """Find it.

        Raises
        ------
        LoaderError
            If there is none, or it has too many weights.
        """
        head = find_head(estimator, ())
        if len(head.weights) > MOST_WEIGHTS:
            raise LoaderError(
                f"{type(head.classifier).__name__} has {len(head.weights):,} weights, "
                f"and those of up to {MOST_WEIGHTS:,} are learned"
            )
        return head

    @property
    def weights(self) -> np.ndarray:
        """The coefficients, and the intercept as the last of them."""
        return np.append(self.classifier.coef_[0], self.classifier.intercept_).astype(
            float
        )

    def replace(self, weights: np.ndarray) -> None:
        """Put other weights into the classifier."""
        self.classifier.coef_ = np.ascontiguousarray(weights[None, :-1])
        self.classifier.intercept_ = np.array(weights[-1:])

    def inputs(self, rows: Any) -> np.ndarray:
        """Return what the weights are multiplied with.

        Parameters
        ----------
        rows : pandas.DataFrame or numpy.ndarray, of shape (n_rows, n_features)

        Returns
        -------
        numpy.ndarray of float, shape (n_rows, n_weights)
            The last column is 1.
        """
        for transform in self.transforms:
            rows = transform(rows)
        matrix = rows.toarray() if issparse(rows) else np.asarray(rows, float)
        return np.column_stack([matrix, np.ones(len(matrix))])


def find_head(estimator: Any, transforms: tuple[Transform, ...]) -> LinearHead:
    """Return the head of what rows reach through some transforms."""
    if isinstance(estimator, Pipeline):
        *before, (_, last) = estimator.steps
        steps = [step for _, step in before if step not in (None, "passthrough")]
        return find_head(last, (*transforms, *(step.transform for step in steps)))
    if isinstance(estimator, StackingClassifier):
        return find_head(estimator.final_estimator_, (*transforms, estimator.transform))
    name = type(estimator).__name__
    if isinstance(estimator, SGDClassifier) and estimator.loss != "log_loss":
        name = f"{name} of loss {estimator.loss!r}"
    elif isinstance(
        estimator, LogisticRegression | LogisticRegressionCV | SGDClassifier
    ):
        return LinearHead(estimator, transforms)
    raise LoaderError(
        f"{name} does not learn as outcomes become known, since it has no linear head "
        f"that could move: {LEARNABLE}"
    )
