"""Training and evaluating a churn model, without a database.

The rows are split once. The training part alone decides everything: which algorithms,
with which weights, whether their probabilities need mending, and the threshold. The
test part is looked at once, so the metrics hold for customers that the model measured
has never met. Then what was decided is fitted again on all rows, the test part's too,
and that is the model to use.
"""

import time
import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pgchurn.loader.errors import TrainingError
from pgchurn.loader.models.algorithms import ALGORITHMS
from pgchurn.loader.models.comparison import Comparison, Progress
from pgchurn.loader.models.evaluation import Evaluation, evaluate, predicted
from pgchurn.loader.models.importance import importance_of_features
from pgchurn.loader.models.labels import encode_labels, require_rows
from pgchurn.loader.models.outcomes import Outcomes
from pgchurn.loader.models.recipe import Recipe, decide
from pgchurn.loader.models.time_budget import TimeBudget
from pgchurn.loader.models.usable_features import finite_features, usable_features
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

# With fewer, the test part would hold a single churner and its metrics say nothing.
MIN_ROWS_PER_CLASS = 10


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A fitted model and all there is to say about how it came about.

    Attributes
    ----------
    pipeline : fitted classifier, or pipeline that ends in one
        The model to use, fitted on all rows.
    evaluated : fitted classifier, or pipeline that ends in one
        The same fitted on the training part only: what was evaluated.
    recipe : Recipe
        What both are made of, decided on the training part.
    left_out : dict of str to str
        Features that were asked for and not used, with the reason.
    classes : tuple of two bool, int or str
        The model's ``classes_``; the second is the positive class, the one whose
        probability is the score.
    evaluation : Evaluation
        Metrics on the test part.
    importance : dict of str to dict, or None
        What each feature is worth there, see `importance_of_features`; None: there was
        no time to find out.
    held_out : Outcomes
        The scores there beside what came of the customers.
    train_rows, fitted_rows : int
        Rows that `evaluated` and `pipeline` were fitted on. They are the same, as the
        models are, when there was no time to fit again.
    seconds : float
        What it took.
    """

    pipeline: ClassifierMixin
    evaluated: ClassifierMixin
    recipe: Recipe
    left_out: dict[str, str]
    classes: tuple[Any, ...]
    evaluation: Evaluation
    importance: dict[str, dict[str, float]] | None
    held_out: Outcomes
    train_rows: int
    fitted_rows: int
    seconds: float

    @property
    def algorithm(self) -> str:
        """The algorithm, or that it is an average of several."""
        return self.recipe.average.algorithm

    @property
    def comparison(self) -> Comparison:
        """Cross-validation on the training part."""
        return self.recipe.comparison

    @property
    def features(self) -> dict[str, str]:
        """Kind of each feature the model takes, in the order of its columns."""
        return self.recipe.kinds

    @property
    def positive_class(self) -> Any:
        """The label whose probability is the score."""
        return self.classes[1]

    @property
    def threshold(self) -> float:
        """Probability from which a customer counts as positive."""
        return self.evaluation.threshold

    def as_dict(self) -> dict[str, Any]:
        """Return all but the models, JSON-serialisable."""
        return {
            "algorithm": self.algorithm,
            "features": self.features,
            "left_out": self.left_out,
            "classes": list(self.classes),
            "positive_class": self.positive_class,
            "comparison": self.comparison.as_dict(),
            "average": self.recipe.average.as_dict(),
            "calibration": self.recipe.calibration.as_dict(),
            "evaluation": {
                **asdict(self.evaluation),
                "permutation_importance": self.importance,
            },
            "train_rows": self.train_rows,
            "fitted_rows": self.fitted_rows,
            "random_state": self.recipe.random_state,
            "seconds": self.seconds,
        }


def train(
    frame: pd.DataFrame,
    labels: npt.ArrayLike,
    kinds: dict[str, str],
    algorithm: str = "auto",
    random_state: int = 0,
    *,
    test_size: float = 0.2,
    time_budget: float | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train a churn model, evaluate it on rows that it has not seen, fit it on all.

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
        average that does best of those that are compared.
    random_state : int, default=0
        Seed of the split, the folds and the classifiers.
    test_size : float, default=0.2
        Share of the rows held out for evaluation.
    time_budget : float, optional
        Seconds; exceeded by one fit at most. What there is no time for is left out.
    threads : int, default=1
        Threads of each fit. On a busy machine more of them wait for each other.
    progress : callable taking a str, optional
        Called with a short message before each longer step.

    Returns
    -------
    TrainingResult

    Raises
    ------
    TrainingError
        If the labels are not of two classes, rows of one class are too few, no usable
        feature is left, or the time budget is too short for anything.
    ValueError
        If the algorithm is unknown.
    """
    if algorithm not in ("auto", *ALGORITHMS):
        raise ValueError(
            f"unknown algorithm {algorithm!r}; use auto or one of "
            f"{', '.join(ALGORITHMS)}"
        )
    budget = TimeBudget(time_budget)
    encoded = encode_labels(labels)
    require_rows(encoded, MIN_ROWS_PER_CLASS)
    features, left_out = usable_features(frame, kinds)
    rows = finite_features(frame, features)

    train_rows, test_rows, train_labels, test_labels = split(
        rows, encoded, test_size, random_state
    )
    with threadpool_limits(threads), warnings.catch_warnings():
        # The neural network is stopped before it knows its rows by heart.
        warnings.simplefilter("ignore", ConvergenceWarning)
        recipe = decide(
            train_rows,
            train_labels,
            features,
            algorithm,
            random_state,
            budget=budget,
            later_rows=len(train_rows) + len(rows),
            progress=progress,
        )

        def fit(fitted: pd.DataFrame, fitted_labels: np.ndarray) -> ClassifierMixin:
            if progress is not None:
                name = recipe.average.algorithm
                progress(f"fitting {name} on {len(fitted):,} rows ({budget})")
            return recipe.fit(fitted, fitted_labels)

        started = time.monotonic()
        pipeline = evaluated = fit(train_rows, train_labels)
        taken = time.monotonic() - started
        evaluation = evaluate(evaluated, test_rows, test_labels, recipe.threshold)
        positive, probabilities = predicted(evaluated, test_rows, test_labels)
        has_time = budget.allows(taken * len(rows) / len(train_rows))
        if has_time:
            pipeline = fit(rows, encoded)
        # Last, so that it costs no model its time.
        importance = importance_of_features(
            evaluated, test_rows, test_labels, random_state, budget
        )
    return TrainingResult(
        pipeline=pipeline,
        evaluated=evaluated,
        recipe=recipe,
        left_out=left_out,
        classes=tuple(pipeline.classes_.tolist()),
        evaluation=evaluation,
        importance=importance,
        held_out=Outcomes.of_rows(probabilities, positive),
        train_rows=len(train_rows),
        fitted_rows=len(rows) if has_time else len(train_rows),
        seconds=budget.elapsed,
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
