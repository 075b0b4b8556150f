"""Measuring a fitted pipeline on rows that it was not fitted on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pgchurn.loader.errors import TrainingError, listed
from pgchurn.loader.models.calibration import expected_calibration_error
from sklearn.base import ClassifierMixin
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
)


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
    expected_calibration_error : float
        As `pgchurn.loader.models.calibration` has it; lower is better.
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
    expected_calibration_error: float
    tn: int
    fp: int
    fn: int
    tp: int
    threshold: float
    rows: int
    positive_share: float


def choose_threshold(positive: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
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


def predicted(
    pipeline: ClassifierMixin, frame: pd.DataFrame, labels: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Return what came of rows, and what a fitted pipeline says of them.

    Parameters
    ----------
    pipeline : fitted classifier, or pipeline that ends in one
        Of two classes.
    frame : pandas.DataFrame of shape (n_samples, n_features)
        The test part, as `pgchurn.loader.models.pipelines.as_features` returns it.
    labels : array-like of shape (n_samples,)
        The labels, among the pipeline's ``classes_``.

    Returns
    -------
    positive : numpy.ndarray of bool, shape (n_samples,)
    probabilities : numpy.ndarray of float, shape (n_samples,)

    Raises
    ------
    TrainingError
        If the rows are not of both of the pipeline's classes: without either, ROC
        AUC is not defined.
    """
    labels = np.asarray(labels)
    if set(labels.tolist()) != set(pipeline.classes_.tolist()):
        raise TrainingError(
            f"the rows to evaluate on are labelled {listed(set(labels.tolist()))}, "
            f"the model's classes are {listed(pipeline.classes_.tolist())}; "
            "evaluate on rows of both classes"
        )
    return labels == pipeline.classes_[1], churn_probability(pipeline, frame)


def evaluate(
    pipeline: ClassifierMixin,
    frame: pd.DataFrame,
    labels: npt.ArrayLike,
    threshold: float,
) -> Evaluation:
    """Measure a fitted pipeline on rows that it was not fitted on.

    Parameters
    ----------
    pipeline, frame, labels
        As `predicted` takes them, and refuses them.
    threshold : float
        Probability from which a row counts as positive.

    Returns
    -------
    Evaluation
        Of plain Python numbers.
    """
    return measure(*predicted(pipeline, frame, labels), threshold)


def measure(
    positive: np.ndarray, probabilities: np.ndarray, threshold: float
) -> Evaluation:
    """Compare probabilities with what came of rows.

    Parameters
    ----------
    positive : numpy.ndarray of bool, shape (n_samples,)
        Whether each row is of the positive class; some are and some are not.
    probabilities : numpy.ndarray of float, shape (n_samples,)
        Probability of the positive class, 0 to 1.
    threshold : float
        Probability from which a row counts as positive.

    Returns
    -------
    Evaluation
        Of plain Python numbers.
    """
    tn, fp, fn, tp = confusion_matrix(positive, probabilities >= threshold).ravel()
    return Evaluation(
        roc_auc=float(roc_auc_score(positive, probabilities)),
        average_precision=float(average_precision_score(positive, probabilities)),
        log_loss=float(log_loss(positive, probabilities)),
        brier_score=float(brier_score_loss(positive, probabilities)),
        expected_calibration_error=expected_calibration_error(positive, probabilities),
        tn=int(tn),
        fp=int(fp),
        fn=int(fn),
        tp=int(tp),
        threshold=float(threshold),
        rows=len(positive),
        positive_share=float(positive.mean()),
    )


def churn_probability(pipeline: ClassifierMixin, frame: pd.DataFrame) -> np.ndarray:
    """Return the probability of the pipeline's second class, row by row."""
    return pipeline.predict_proba(frame)[:, 1]
