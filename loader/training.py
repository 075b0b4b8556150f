"""Training and judging a churn model, without a database.

The rows are split once. The training part alone decides everything: which algorithm,
which threshold, and the fitted pipeline. The test part is looked at once, at the end,
so its metrics hold for customers the model has never met.
"""

import time
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from pgchurn.loader.algorithms import ALGORITHMS
from pgchurn.loader.errors import TrainingError
from pgchurn.loader.pipelines import as_features, build_pipeline
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
)
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline

MAX_FOLDS = 5
MAX_COMPARED_ROWS = 50_000
# With fewer, the test part would hold a single churner and its metrics say nothing.
MIN_ROWS_PER_CLASS = 10

MAX_CATEGORIES = 1_000
MAX_CATEGORIES_MOSTLY_DISTINCT = 50
MAX_DISTINCT_SHARE = 0.5


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
        One of `pgchurn.loader.algorithms.ALGORITHMS`.
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
    folds: int
    rows: int
    rows_available: int
    positive: np.ndarray
    out_of_fold: dict[str, np.ndarray]

    @property
    def sampled(self):
        """Whether a sample stood in for the rows available."""
        return self.rows < self.rows_available

    def as_dict(self):
        """Return the comparison without its arrays, JSON-serialisable."""
        return {
            "scores": [asdict(scores) for scores in self.scores],
            "best": self.best,
            "folds": self.folds,
            "rows": self.rows,
            "rows_available": self.rows_available,
            "sampled": self.sampled,
        }


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a fitted pipeline on rows it was not fitted on.

    Attributes
    ----------
    roc_auc, average_precision : float
        From 0 to 1; higher is better.
    log_loss : float
        In nats; lower is better.
    brier_score : float
        Mean squared error of the probabilities; lower is better.
    tn, fp, fn, tp : int
        Confusion matrix when ``probability >= threshold`` counts as positive.
    threshold : float
        Probability from which a row counts as positive.
    rows : int
        Rows evaluated on.
    positive_share : float
        Share of the rows that are of the positive class, 0 to 1.
    """

    roc_auc: float
    average_precision: float
    log_loss: float
    brier_score: float
    tn: int
    fp: int
    fn: int
    tp: int
    threshold: float
    rows: int
    positive_share: float


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
    classes: tuple
    comparison: Comparison
    evaluation: Evaluation
    train_rows: int
    random_state: int

    @property
    def positive_class(self):
        """The label whose probability is the score."""
        return self.classes[1]

    @property
    def threshold(self):
        """Probability from which a customer counts as positive."""
        return self.evaluation.threshold

    def as_dict(self):
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
    frame,
    labels,
    kinds,
    algorithm="auto",
    random_state=0,
    *,
    test_size=0.2,
    progress=None,
):
    """Train a churn model and judge it on rows that it has not seen.

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
        One of `pgchurn.loader.algorithms.ALGORITHMS`, or ``"auto"`` for the one that
        `compare` finds best.
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
    labels = encode_labels(labels)
    _require_rows(labels, MIN_ROWS_PER_CLASS)
    features, left_out = _usable_features(frame, kinds)
    rows = _finite_features(frame, features)

    train_rows, test_rows, train_labels, test_labels = split(
        rows, labels, test_size, random_state
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
    _report(progress, f"fitting {comparison.best} on {len(train_rows):,} rows")
    pipeline = _pipeline(comparison.best, features, random_state)
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


def encode_labels(labels):
    """Bring labels to an array that scikit-learn takes as two classes.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)
        Bool, 0 and 1, or two text values; object arrays of these, too.

    Returns
    -------
    numpy.ndarray of shape (n_samples,)
        Of dtype bool, int64, or object holding str.

    Raises
    ------
    TrainingError
        If a label is missing, or there are not exactly two classes.
    """
    labels = pd.Series(np.asarray(labels, dtype=object))
    if labels.isna().any():
        raise TrainingError(
            f"{labels.isna().sum():,} rows have no label; "
            "train only on customers whose outcome is known"
        )
    classes = labels.unique()
    _require_two_classes(classes)
    if all(isinstance(label, (bool, np.bool_)) for label in classes):
        return labels.to_numpy(dtype=bool)
    if all(isinstance(label, str) for label in classes):
        return labels.to_numpy(dtype=object)
    if set(classes) == {0, 1}:
        return labels.to_numpy(dtype="int64")
    raise TrainingError(
        f"the labels are {_listed(classes)}; use true and false, 1 and 0, or two texts"
    )


def _require_two_classes(classes):
    if len(classes) == 0:
        raise TrainingError(
            "there are no rows to train on; "
            "train needs customers whose outcome is known"
        )
    if len(classes) == 1:
        raise TrainingError(
            f"every label is {classes[0]!r}; "
            "train on customers who left and customers who stayed"
        )
    if len(classes) > 2:
        raise TrainingError(
            f"there are {len(classes):,} different labels ({_listed(classes)}); "
            "use a label column that holds two values"
        )


def _listed(classes):
    shown = sorted(map(repr, classes))[:5]
    return ", ".join(shown) + (", ..." if len(classes) > len(shown) else "")


def _require_rows(labels, minimum):
    classes, counts = np.unique(labels, return_counts=True)
    rarer = counts.argmin()
    if counts[rarer] < minimum:
        raise TrainingError(
            f"too few rows are labelled {classes.tolist()[rarer]!r}: {counts[rarer]}, "
            f"where at least {minimum} of either label are needed; "
            "gather more known outcomes or take in a longer period"
        )


def _usable_features(frame, kinds):
    absent = [name for name in kinds if name not in frame.columns]
    if absent:
        raise TrainingError(
            f"no such column: {', '.join(absent)}; "
            "name only columns that the training data has"
        )
    left_out = {}
    for name, kind in kinds.items():
        reason = unusable_text(frame[name]) if kind == "text" else None
        if reason:
            left_out[name] = reason
    features = {name: kind for name, kind in kinds.items() if name not in left_out}
    if not any(frame[name].nunique(dropna=False) > 1 for name in features):
        raise TrainingError(
            "there are no usable features: of the columns given, none differs from "
            "row to row without being an identifier; "
            "add numbers, booleans or texts of few distinct values"
        )
    return features, left_out


def _finite_features(frame, features):
    try:
        rows = as_features(frame, features)
    except ValueError as error:
        raise TrainingError(str(error)) from error
    for name, kind in features.items():
        if kind != "text" and np.isinf(rows[name]).any():
            raise TrainingError(
                f"feature {name!r} holds infinite values; make them null"
            )
    return rows


def unusable_text(series):
    """Say why a text column cannot serve as a category.

    Parameters
    ----------
    series : pandas.Series of shape (n_samples,)
        A text column, with missing values or without.

    Returns
    -------
    str or None
        The reason, such as that nearly every value occurs once; None for a column
        that can be used.
    """
    values = series.dropna()
    distinct = values.nunique()
    described = f"{distinct:,} distinct values in {len(values):,} rows"
    if distinct > MAX_CATEGORIES:
        return f"{described}: too many to be categories (over {MAX_CATEGORIES:,})"
    if (
        distinct > MAX_CATEGORIES_MOSTLY_DISTINCT
        and distinct > MAX_DISTINCT_SHARE * len(values)
    ):
        return f"{described}: it identifies customers rather than grouping them"
    return None


def split(frame, labels, test_size=0.2, random_state=0):
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
    _require_rows(labels, 2)
    try:
        parts = train_test_split(
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
    _, _, train_labels, test_labels = parts
    if min(len(np.unique(train_labels)), len(np.unique(test_labels))) < 2:
        raise TrainingError(
            "the rarer label is too rare to be in both the training and the test part; "
            "use more rows or a larger test part"
        )
    return parts


def compare(
    frame,
    labels,
    kinds,
    algorithms=ALGORITHMS,
    *,
    random_state=0,
    max_rows=MAX_COMPARED_ROWS,
    progress=None,
):
    """Compare algorithms by stratified cross-validation.

    The best is the one of the lowest mean log loss, the first of several that tie.
    What gets stored is a probability, so it should be judged as one: log loss is a
    proper scoring rule, least for the true probabilities, whereas ROC AUC sees only
    their order and would be content with probabilities that are far too sure.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n_samples, n_features)
        The training part only, as `pgchurn.loader.pipelines.as_features` returns it.
    labels : numpy.ndarray of shape (n_samples,)
        The labels, of two classes.
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in feature order.
    algorithms : sequence of str, default=ALGORITHMS
        The algorithms to compare.
    random_state : int, default=0
        Seed of the sample, the folds and the classifiers.
    max_rows : int, default=50_000
        With more rows than this, a stratified sample of this size is compared on.
    progress : callable taking a str, optional
        Called with a short message before each fold.

    Returns
    -------
    Comparison

    Raises
    ------
    TrainingError
        If a class has fewer than two rows.
    """
    rows_available = len(frame)
    if rows_available > max_rows:
        frame, _, labels, _ = train_test_split(
            frame,
            labels,
            train_size=max_rows,
            stratify=labels,
            random_state=random_state,
        )
    _require_two_classes(np.unique(labels))
    _require_rows(labels, 2)
    classes, counts = np.unique(labels, return_counts=True)
    positive = labels == classes[1]
    n_splits = int(min(MAX_FOLDS, counts.min()))
    # The same folds for every algorithm, so that the figures can be compared.
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=random_state)
    folds = list(folds.split(frame, positive))

    scores = []
    out_of_fold = {}
    for algorithm in algorithms:
        pipeline = _pipeline(algorithm, kinds, random_state)
        probabilities, fit_seconds = _cross_validate(
            pipeline, frame, labels, folds, algorithm, progress
        )
        scores.append(_score(algorithm, positive, probabilities, fit_seconds, folds))
        out_of_fold[algorithm] = probabilities
    return Comparison(
        scores=tuple(scores),
        best=min(scores, key=lambda one: one.log_loss.mean).algorithm,
        folds=n_splits,
        rows=len(frame),
        rows_available=rows_available,
        positive=positive,
        out_of_fold=out_of_fold,
    )


def _cross_validate(pipeline, frame, labels, folds, algorithm, progress):
    probabilities = np.empty(len(labels))
    fit_seconds = []
    for number, (train_index, test_index) in enumerate(folds, start=1):
        _report(progress, f"{algorithm}: fold {number} of {len(folds)}")
        started = time.perf_counter()
        pipeline.fit(frame.iloc[train_index], labels[train_index])
        fit_seconds.append(time.perf_counter() - started)
        probabilities[test_index] = _probability(pipeline, frame.iloc[test_index])
    return probabilities, fit_seconds


def _score(algorithm, positive, probabilities, fit_seconds, folds):
    def over_folds(metric):
        return _spread(
            [metric(positive[rows], probabilities[rows]) for _, rows in folds]
        )

    return AlgorithmScores(
        algorithm=algorithm,
        log_loss=over_folds(log_loss),
        roc_auc=over_folds(roc_auc_score),
        average_precision=over_folds(average_precision_score),
        fit_seconds=_spread(fit_seconds),
    )


def _spread(values):
    return Spread(mean=float(np.mean(values)), std=float(np.std(values)))


def _pipeline(algorithm, kinds, random_state):
    def of_kind(wanted):
        return [name for name, kind in kinds.items() if kind == wanted]

    return build_pipeline(
        algorithm,
        of_kind("number"),
        of_kind("boolean"),
        of_kind("text"),
        random_state=random_state,
    )


def _probability(pipeline, frame):
    return pipeline.predict_proba(frame)[:, 1]


def _report(progress, message):
    if progress is not None:
        progress(message)


def choose_threshold(positive, probabilities):
    """Choose the threshold of the highest F1 score of the positive class.

    Give it out-of-fold probabilities: those of rows that the model was fitted on are
    too sure, and would put the threshold in the wrong place.

    Parameters
    ----------
    positive : array-like of bool, shape (n_samples,)
        Whether each row is of the positive class; at least one must be.
    probabilities : array-like of float, shape (n_samples,)
        Probability of the positive class, 0 to 1.

    Returns
    -------
    float
        The lowest of the best; ``probability >= threshold`` counts as positive.
    """
    precision, recall, thresholds = precision_recall_curve(positive, probabilities)
    # The curve ends in a point without a threshold, where nothing is positive.
    precision, recall = precision[:-1], recall[:-1]
    total = precision + recall
    f1 = np.divide(
        2 * precision * recall, total, out=np.zeros_like(total), where=total > 0
    )
    return float(thresholds[f1.argmax()])


def evaluate(pipeline, frame, labels, threshold):
    """Measure a fitted pipeline on rows that it was not fitted on.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        A fitted classifier of two classes.
    frame : pandas.DataFrame of shape (n_samples, n_features)
        The test part, as `pgchurn.loader.pipelines.as_features` returns it.
    labels : array-like of shape (n_samples,)
        The labels, among the pipeline's ``classes_``.
    threshold : float
        Probability from which a row counts as positive.

    Returns
    -------
    Evaluation
        Of plain Python numbers.

    Raises
    ------
    TrainingError
        If the rows are not of both of the pipeline's classes: without either, ROC
        AUC is not defined.
    """
    labels = np.asarray(labels)
    if set(labels.tolist()) != set(pipeline.classes_.tolist()):
        raise TrainingError(
            f"the rows to evaluate on are labelled {_listed(set(labels.tolist()))}, "
            f"the model's classes are {_listed(pipeline.classes_.tolist())}; "
            "evaluate on rows of both classes"
        )
    positive = labels == pipeline.classes_[1]
    probabilities = _probability(pipeline, frame)
    tn, fp, fn, tp = confusion_matrix(positive, probabilities >= threshold).ravel()
    return Evaluation(
        roc_auc=float(roc_auc_score(positive, probabilities)),
        average_precision=float(average_precision_score(positive, probabilities)),
        log_loss=float(log_loss(positive, probabilities)),
        brier_score=float(brier_score_loss(positive, probabilities)),
        tn=int(tn),
        fp=int(fp),
        fn=int(fn),
        tp=int(tp),
        threshold=float(threshold),
        rows=len(labels),
        positive_share=float(positive.mean()),
    )
