"""Comparing algorithms by cross-validation."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from pgchurn.loader.errors import TrainingError
from pgchurn.loader.models.algorithms import COMPARED
from pgchurn.loader.models.evaluation import churn_probability
from pgchurn.loader.models.labels import require_rows, require_two_classes
from pgchurn.loader.models.pipelines import build_pipeline
from pgchurn.loader.models.time_budget import TimeBudget, seconds_for
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline

MAX_FOLDS = 5
MAX_COMPARED_ROWS = 50_000

Progress = Callable[[str], object]
# Row numbers of the training and of the test part of each fold.
Folds = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Spread:
    """A metric over the folds of a cross-validation.

    Attributes
    ----------
    mean, std : float
        Mean and population standard deviation over the folds.
    """

    mean: float
    std: float


@dataclass(frozen=True)
class AlgorithmScores:
    """How one algorithm did in cross-validation.

    Attributes
    ----------
    algorithm : str
        One of `pgchurn.loader.models.algorithms.ALGORITHMS`.
    log_loss : Spread
        In nats; lower is better.
    roc_auc, average_precision : Spread
        From 0 to 1; higher is better.
    fit_seconds : Spread
        Wall-clock seconds to fit one fold.
    """

    algorithm: str
    log_loss: Spread
    roc_auc: Spread
    average_precision: Spread
    fit_seconds: Spread


@dataclass(frozen=True, eq=False)
class Comparison:
    """A cross-validated comparison of algorithms.

    Attributes
    ----------
    scores : tuple of AlgorithmScores
        In the order in which the algorithms were given.
    best : str
        The algorithm of the lowest mean log loss.
    skipped : dict of str to str
        Why algorithms are not among them.
    folds : int
        Number of folds, at most `MAX_FOLDS`.
    rows : int
        Rows compared on.
    rows_available : int
        Rows there were; more than `rows` when a stratified sample was compared on.
    positive : numpy.ndarray of bool, shape (rows,)
        Whether each compared row is of the positive class.
    out_of_fold : dict of str to numpy.ndarray of float, shape (rows,)
        For each algorithm, the probability of the positive class that each row got
        from the one model that was not fitted on it.
    """

    scores: tuple[AlgorithmScores, ...]
    best: str
    skipped: dict[str, str]
    folds: int
    rows: int
    rows_available: int
    positive: np.ndarray
    out_of_fold: dict[str, np.ndarray]

    @property
    def sampled(self) -> bool:
        """Whether a sample stood in for the rows available."""
        return self.rows < self.rows_available

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison without its arrays, JSON-serialisable."""
        return {
            "scores": [asdict(scores) for scores in self.scores],
            "best": self.best,
            "skipped": self.skipped,
            "folds": self.folds,
            "rows": self.rows,
            "rows_available": self.rows_available,
            "sampled": self.sampled,
        }


def compare(
    frame: pd.DataFrame,
    labels: np.ndarray,
    kinds: dict[str, str],
    algorithms: Sequence[str] = COMPARED,
    *,
    curved: Collection[str] = (),
    random_state: int = 0,
    max_rows: int = MAX_COMPARED_ROWS,
    budget: TimeBudget | None = None,
    later_rows: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Compare algorithms by stratified cross-validation.

    The best is the one of the lowest mean log loss, the first of several that tie.
    What gets stored is a probability, so it should be judged as one: log loss is a
    proper scoring rule, least for the true probabilities, whereas ROC AUC sees only
    their order and would be content with probabilities that are far too sure.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_samples, n_features)
        The training part only, as `pgchurn.loader.models.pipelines.as_features`
        returns it.
    labels : numpy.ndarray of shape (n_samples,)
        The labels, of two classes.
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in feature order.
    algorithms : sequence of str, default=COMPARED
        The algorithms to compare.
    curved : collection of str, default=()
        As `build_pipeline` takes it.
    random_state : int, default=0
        Seed of the sample, the folds and the classifiers.
    max_rows : int, default=50_000
        With more rows than this, a stratified sample of this size is compared on.
    budget : TimeBudget, optional
        What does not end within it is left out, and named.
    later_rows : int, default=0
        Rows that every algorithm has to be fitted on afterwards within the budget.
    progress : callable taking a str, optional
        Called with a short message before each fold.

    Returns
    -------
    Comparison

    Raises
    ------
    TrainingError
        If a class has fewer than two rows, or the budget is too short for any
        algorithm.
    """
    budget = budget or TimeBudget(None)
    rows_available = len(frame)
    if rows_available > max_rows:
        frame, _, labels, _ = train_test_split(
            frame,
            labels,
            train_size=max_rows,
            stratify=labels,
            random_state=random_state,
        )
    require_two_classes(np.unique(labels))
    require_rows(labels, 2)
    classes, counts = np.unique(labels, return_counts=True)
    positive = labels == classes[1]
    n_splits = int(min(MAX_FOLDS, counts.min()))
    # The same folds for every algorithm, so that the figures can be compared.
    splitter = StratifiedKFold(n_splits, shuffle=True, random_state=random_state)
    folds = list(splitter.split(frame, positive))

    scores = []
    out_of_fold = {}
    skipped = {}
    reserved = 0.0
    # What a fit took, by the class of the classifier: others of it will take alike.
    seconds_of_class: dict[type, float] = {}
    for algorithm in algorithms:
        pipeline = build_pipeline(
            algorithm, kinds, curved=curved, random_state=random_state
        )
        kind = type(pipeline["classifier"])
        try:
            result = cross_validate(
                pipeline,
                frame,
                labels,
                folds,
                algorithm,
                lambda seconds: budget.allows(reserved + seconds),
                seconds_of_class.get(kind, 0.0),
                later_rows,
                lambda message: progress and progress(f"{message} ({budget})"),
            )
        except OutOfTime as error:
            skipped[algorithm] = str(error)
            if error.fit_seconds:
                seconds_of_class[kind] = error.fit_seconds[0]
            continue
        seconds_of_class[kind] = result.fit_seconds[0]
        scores.append(
            score_algorithm(
                algorithm, positive, result.probabilities, result.fit_seconds, folds
            )
        )
        out_of_fold[algorithm] = result.probabilities
        reserved += result.later_seconds
    if not scores:
        reasons = "; ".join(f"{name}: {why}" for name, why in skipped.items())
        raise TrainingError(
            f"the time budget of {budget.seconds:g} s is too short to train anything "
            f"({reasons}); give more time, or exclude columns"
        )
    return Comparison(
        scores=tuple(scores),
        best=min(scores, key=lambda one: one.log_loss.mean).algorithm,
        skipped=skipped,
        folds=n_splits,
        rows=len(frame),
        rows_available=rows_available,
        positive=positive,
        out_of_fold=out_of_fold,
    )


class OutOfTime(Exception):
    """An algorithm would not be done within the time budget."""

    def __init__(self, message: str, fit_seconds: list[float]) -> None:
        super().__init__(message)
        self.fit_seconds = fit_seconds


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """What cross-validation of one algorithm gave.

    Attributes
    ----------
    probabilities : numpy.ndarray of float, shape (n_samples,)
        Out of fold.
    fit_seconds : list of float
        Of each fold.
    later_seconds : float
        What the algorithm will take for the rows that it is fitted on afterwards.
    """

    probabilities: np.ndarray
    fit_seconds: list[float]
    later_seconds: float


def cross_validate(
    pipeline: Pipeline,
    frame: pd.DataFrame,
    labels: np.ndarray,
    folds: Folds,
    algorithm: str,
    allows: Callable[[float], bool],
    guessed_seconds: float,
    later_rows: int,
    progress: Progress,
) -> CrossValidated:
    """Fit and predict fold by fold, as long as there is time for all that follows."""
    probabilities = np.empty(len(labels))
    fit_seconds: list[float] = []
    seconds, rows = 0.0, 0
    coming = [len(train_index) for train_index, _ in folds]
    # A fit cannot be broken off, so the first begins only if a guess says that it ends.
    later_seconds = guessed_seconds
    for number, (train_index, test_index) in enumerate(folds, start=1):
        if not allows(later_seconds):
            raise OutOfTime("no time was left", fit_seconds)
        progress(f"{algorithm}: fold {number} of {len(folds)}")
        started = time.perf_counter()
        pipeline.fit(frame.iloc[train_index], labels[train_index])
        fit_seconds.append(time.perf_counter() - started)
        probabilities[test_index] = churn_probability(pipeline, frame.iloc[test_index])
        seconds += time.perf_counter() - started
        rows += len(train_index)
        later_seconds = seconds_for(later_rows, seconds, rows)
        needed = later_seconds + seconds_for(sum(coming[number:]), seconds, rows)
        if not allows(needed):
            raise OutOfTime(
                f"a fit took {seconds / number:.1f} s, all others {needed:.0f} s more",
                fit_seconds,
            )
    return CrossValidated(probabilities, fit_seconds, later_seconds)


def score_algorithm(
    algorithm: str,
    positive: np.ndarray,
    probabilities: np.ndarray,
    fit_seconds: list[float],
    folds: Folds,
) -> AlgorithmScores:
    """Return the metrics of one algorithm, fold by fold and then summed up."""

    def over_folds(metric: Callable[[np.ndarray, np.ndarray], float]) -> Spread:
        return spread(
            [metric(positive[rows], probabilities[rows]) for _, rows in folds]
        )

    return AlgorithmScores(
        algorithm=algorithm,
        log_loss=over_folds(log_loss),
        roc_auc=over_folds(roc_auc_score),
        average_precision=over_folds(average_precision_score),
        fit_seconds=spread(fit_seconds),
    )


def spread(values: list[float]) -> Spread:
    """Return the mean of some values, and how far they spread."""
    return Spread(mean=float(np.mean(values)), std=float(np.std(values)))
