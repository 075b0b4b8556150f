"""Training and evaluating a churn model, without a database.

The rows are split once. The training part alone decides everything: which algorithm,
which threshold, and the fitted pipeline. The test part is looked at once, at the end,
so its metrics hold for customers the model has never met.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pgchurn.loader.errors import TrainingError
from pgchurn.loader.models.algorithms import ALGORITHMS
from pgchurn.loader.models.comparison import Comparison, Progress, compare
from pgchurn.loader.models.evaluation import Evaluation, choose_threshold, evaluate
from pgchurn.loader.models.labels import encode_labels, require_rows
from pgchurn.loader.models.pipelines import build_pipeline
from pgchurn.loader.models.usable_features import finite_features, usable_features
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

# With fewer, the test part would hold a single churner and its metrics say nothing.
MIN_ROWS_PER_CLASS = 10


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A fitted pipeline and all there is to say about how it came about.

    Attributes
    ----------
    pipeline : sklearn.pipeline.Pipeline
        Fitted on the training part only: the very estimator that was evaluated.
    algorithm : str
        The algorithm of the pipeline.
    features : dict of str to str
        Kind of each feature the pipeline takes, in the order of its columns.
    left_out : dict of str to str
        Features that were asked for and not used, with the reason.
    classes : tuple of two bool, int or str
        The pipeline's ``classes_``; the second is the positive class, the one whose
        probability is the score.
    comparison : Comparison
        Cross-validation on the training part.
    evaluation : Evaluation
        Metrics on the test part.
    train_rows : int
        Rows the pipeline was fitted on.
    random_state : int
        The seed of everything drawn at random.
    """

    pipeline: Pipeline
    algorithm: str
    features: dict[str, str]
    left_out: dict[str, str]
    classes: tuple[Any, ...]
    comparison: Comparison
    evaluation: Evaluation
    train_rows: int
    random_state: int

    @property
    def positive_class(self) -> Any:
        """The label whose probability is the score."""
        return self.classes[1]

    @property
    def threshold(self) -> float:
        """Probability from which a customer counts as positive."""
        return self.evaluation.threshold

    def as_dict(self) -> dict[str, Any]:
        """Return all but the pipeline, JSON-serialisable."""
        return {
            "algorithm": self.algorithm,
            "features": self.features,
            "left_out": self.left_out,
            "classes": list(self.classes),
            "positive_class": self.positive_class,
            "comparison": self.comparison.as_dict(),
            "evaluation": asdict(self.evaluation),
            "train_rows": self.train_rows,
            "random_state": self.random_state,
        }


def train(
    frame: pd.DataFrame,
    labels: npt.ArrayLike,
    kinds: dict[str, str],
    algorithm: str = "auto",
    random_state: int = 0,
    *,
    test_size: float = 0.2,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train a churn model and evaluate it on rows that it has not seen.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_samples, n_columns)
        The customers whose outcome is known. Columns not in `kinds` are ignored.
    labels : array-like of shape (n_samples,)
        Outcomes: bool, 0 and 1, or two text values. The positive class is
        ``classes_[1]``, the later of the two in sorted order.
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in feature order.
    algorithm : str, default="auto"
        One of `pgchurn.loader.models.algorithms.ALGORITHMS`, or ``"auto"`` for the
        one that `compare` finds best.
    random_state : int, default=0
        Seed of the split, the folds and the classifiers.
    test_size : float, default=0.2
        Share of the rows held out for evaluation.
    progress : callable taking a str, optional
        Called with a short message before each longer step.

    Returns
    -------
    TrainingResult

    Raises
    ------
    TrainingError
        If the labels are not of two classes, rows of one class are too few, or no
        usable feature is left.
    ValueError
        If the algorithm is unknown.
    """
    if algorithm not in ("auto", *ALGORITHMS):
        raise ValueError(
            f"unknown algorithm {algorithm!r}; use auto or one of "
            f"{', '.join(ALGORITHMS)}"
        )
    encoded = encode_labels(labels)
    require_rows(encoded, MIN_ROWS_PER_CLASS)
    features, left_out = usable_features(frame, kinds)
    rows = finite_features(frame, features)

    train_rows, test_rows, train_labels, test_labels = split(
        rows, encoded, test_size, random_state
    )
    comparison = compare(
        train_rows,
        train_labels,
        features,
        ALGORITHMS if algorithm == "auto" else (algorithm,),
        random_state=random_state,
        progress=progress,
    )
    threshold = choose_threshold(
        comparison.positive, comparison.out_of_fold[comparison.best]
    )
    if progress is not None:
        progress(f"fitting {comparison.best} on {len(train_rows):,} rows")
    pipeline = build_pipeline(comparison.best, features, random_state=random_state)
    pipeline.fit(train_rows, train_labels)
    return TrainingResult(
        pipeline=pipeline,
        algorithm=comparison.best,
        features=features,
        left_out=left_out,
        classes=tuple(pipeline.classes_.tolist()),
        comparison=comparison,
        evaluation=evaluate(pipeline, test_rows, test_labels, threshold),
        train_rows=len(train_rows),
        random_state=random_state,
    )


def split(
    frame: pd.DataFrame,
    labels: np.ndarray,
    test_size: float = 0.2,
    random_state: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray, np.ndarray]:
    """Split rows into a training and a test part of equal class shares.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_samples, n_features)
        The features.
    labels : numpy.ndarray of shape (n_samples,)
        The labels, of two classes.
    test_size : float, default=0.2
        Share of the rows in the test part.
    random_state : int, default=0
        Seed of the shuffle.

    Returns
    -------
    train_frame, test_frame : pandas.DataFrame
    train_labels, test_labels : numpy.ndarray

    Raises
    ------
    TrainingError
        If either part would be without one of the classes.
    """
    require_rows(labels, 2)
    try:
        train_frame, test_frame, train_labels, test_labels = train_test_split(
            frame,
            labels,
            test_size=test_size,
            stratify=labels,
            random_state=random_state,
        )
    except ValueError as error:
        raise TrainingError(
            f"{len(labels):,} rows cannot be split: {error}; use more rows"
        ) from error
    if min(len(np.unique(train_labels)), len(np.unique(test_labels))) < 2:
        raise TrainingError(
            "the rarer label is too rare to be in both the training and the test part; "
            "use more rows or a larger test part"
        )
    return train_frame, test_frame, train_labels, test_labels
